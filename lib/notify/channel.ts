// What a channel is: one way to a person.

/** One message, in plain text. Each channel cuts it to what its service takes. */
export interface Message {
  title: string;
  /** Lines; the most important ones first. */
  body: string;
  /** 1 makes no sound, 3 is usual, 5 wakes. */
  priority: 1 | 2 | 3 | 4 | 5;
  /** Words for symbols, as ntfy knows them. */
  tags: readonly string[];
  /** A page that shows more. */
  link: string | undefined;
  /** The same for all messages about one incident, so that a new one may take the place of the old. */
  sequence: string;
}

export interface Channel {
  /** `ntfy`, `slack`, `desktop`. */
  readonly name: string;
  /** Whether it counts as told: a screen that nobody sits before does not. */
  readonly counts: boolean;
  /** By what its present setting is known again: it tells that a person has changed it, and nothing of what it is. */
  setting(): string;
  /**
   * Returns when the service has taken the message. Throws DeliveryFailure, OpsError `config` or `denied` where a
   * secret is missing or wrong, and the signal's reason when it aborts. No message holds a secret.
   */
  send(message: Message, signal: AbortSignal): Promise<void>;
}

/** Why a message was not delivered. */
export class DeliveryFailure extends Error {
  /** The same message will be refused again. */
  readonly permanent: boolean;
  /** Not for what it says, but for the setting that it came with: a token, a topic, an address. */
  readonly isOfSetting: boolean;
  /** How that is mended. */
  readonly hint: string | undefined;
  /** What the service asked for. */
  readonly retryAfterMs: number | undefined;

  constructor(
    message: string,
    details: {
      permanent: boolean;
      /** Where the setting is at fault: how that is mended. */
      settingHint?: string | undefined;
      retryAfterMs?: number | undefined;
      cause?: unknown;
    },
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = 'DeliveryFailure';
    this.permanent = details.permanent;
    this.isOfSetting = details.settingHint !== undefined;
    this.hint = details.settingHint;
    this.retryAfterMs = details.retryAfterMs;
  }
}
