// users/*, check/* and auth/token/revoke.
import { json, type Reply } from './replies.ts';
import type { Call, Handler } from './service.ts';

function currentAccount({ service: { account } }: Call): Reply {
  return json({
    account_id: account.accountId,
    name: {
      given_name: 'Hedda',
      surname: 'Holdfast',
      familiar_name: 'Hedda',
      display_name: 'Hedda Holdfast',
      abbreviated_name: 'HH',
    },
    email: 'hedda@example.org',
    email_verified: true,
    disabled: false,
    country: 'DE',
    locale: 'en',
    referral_link: 'https://www.dropbox.com/referrals/example',
    is_paired: false,
    account_type: { '.tag': 'basic' },
    root_info: { '.tag': 'user', root_namespace_id: '3235641', home_namespace_id: '3235641' },
  });
}

function spaceUsage({ service }: Call): Reply {
  const allocated = service.quotaBytes();
  return json({ used: service.namespace.tree.usedBytes, allocation: { '.tag': 'individual', allocated } });
}

function echo({ argument }: Call<{ query: string }>): Reply {
  return json({ result: argument.query });
}

function revoke({ service: { tokens }, token }: Call): Reply {
  const refresh = tokens.refresh.get(token?.refreshToken ?? '');
  if (refresh !== undefined) tokens.refresh.set(refresh.token, { ...refresh, revoked: true });
  for (const access of tokens.access.values()) {
    const related = access.token === token?.token || access.refreshToken === (refresh?.token ?? null);
    if (related) tokens.access.set(access.token, { ...access, revoked: true });
  }
  return json(null);
}

export const accountRoutes = {
  'users/get_current_account': currentAccount,
  'users/get_space_usage': spaceUsage,
  'check/user': echo,
  'check/app': echo,
  'auth/token/revoke': revoke,
} satisfies Record<string, Handler>;
