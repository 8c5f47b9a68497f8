// `[encryption]`: for whom backups are sealed.
import { z } from 'zod';
import { publicKeyProblem } from '../../record/age-key.ts';
import { type AppConfig, type Config, type GuardedApp, isGuarded } from '../config.ts';

const publicKey = z.string().superRefine((text, context) => {
  const message = publicKeyProblem(text);
  if (message !== undefined) context.addIssue({ code: 'custom', message });
});

export const encryptionTable = z.strictObject({
  recipients: z
    .array(publicKey)
    .min(1, 'must name at least one public key')
    .max(20, 'must name at most 20 public keys')
    .refine((keys) => new Set(keys).size === keys.length, 'must not name a public key twice')
    .describe('the public keys of age, each of which opens the backups'),
});

export function encryptionConfig(table: z.infer<typeof encryptionTable> | undefined): Config['encryption'] {
  return table && { recipients: table.recipients };
}

/** What lies in the store is sealed, the latest copy as well: by its name nobody takes it for one that can be opened as it is. */
export function withSealedLatest(apps: readonly AppConfig[], encryption: Config['encryption']): AppConfig[] {
  const isKept = (app: AppConfig): app is GuardedApp & { latest: string } =>
    isGuarded(app) && app.latest !== undefined;
  return apps.map((app) =>
    encryption === undefined || !isKept(app) ? app : { ...app, latest: `${app.latest}.age` },
  );
}
