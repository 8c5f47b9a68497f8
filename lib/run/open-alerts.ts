// The alerts of a configuration: where they are kept, and the channels they go through.
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Config } from '../config/config.ts';
import type { AlertPolicy } from '../incident/policy.ts';
import type { Channel } from '../notify/channel.ts';
import { createDesktop } from '../notify/desktop.ts';
import { createNtfy } from '../notify/ntfy.ts';
import { createPing, type PingChannel } from '../notify/ping.ts';
import { createSlack } from '../notify/slack.ts';
import type { Spool } from '../notify/spool.ts';
import { StateFile } from '../notify/state-file.ts';
import { installationId } from '../files/process-identity.ts';
import { configOption } from './config-option.ts';
import { openSpool } from './open-spool.ts';

export interface Alerts {
  readonly policy: AlertPolicy;
  readonly host: string;
  /** Tells this installation from every other one, also on a machine of the same name, and from others on this one. */
  readonly installation: string;
  /** The zone by whose clock times are shown. */
  readonly timeZone: string;
  readonly link: string | undefined;
  /** What commands in messages need to find this configuration. */
  readonly configOption: string;
  readonly spool: Spool;
  readonly states: StateFile;
  /** Where dead letters lie. */
  readonly deadDirectory: string;
  /** Those that can be used here: without a desktop session there is no desktop. */
  readonly channels: readonly Channel[];
  readonly ping: (PingChannel & { readonly checks: readonly string[] }) | undefined;
  /** A number from 0 to 1, so that many machines do not knock at once. */
  random(): number;
}

/** Throws OpsError `config` where nobody is to be told. */
export function openAlerts(config: Config, log: Log): Alerts {
  const { alerts, stateDirectory, runDirectory } = config;
  if (alerts === undefined) {
    throw new OpsError('config', `cannot send alerts: ${config.source} names no channel`, {
      hint: 'set NTFY_TOPIC or SLACK_WEBHOOK_URL, or write [alerts]; docs/configuration.md has every key',
    });
  }
  const { ntfy, slack, desktop, ping } = alerts;
  return {
    policy: alerts.policy,
    host: hostname(),
    installation: installationId(stateDirectory),
    timeZone: config.timeZone,
    link: alerts.link,
    configOption: configOption(config),
    spool: openSpool(config, log),
    states: new StateFile([join(stateDirectory, 'alerts'), join(runDirectory, 'alerts')], log),
    deadDirectory: join(stateDirectory, 'spool', 'dead'),
    channels: [
      ...(ntfy === undefined ? [] : [createNtfy(ntfy)]),
      ...(slack === undefined ? [] : [createSlack(slack)]),
      ...(desktop?.isThere === true ? [createDesktop(desktop)] : []),
    ],
    ping: ping && { ...createPing(ping), checks: ping.checks },
    random: Math.random,
  };
}
