// What a person hears of a machine, through ntfy and through Slack.
import type { NtfyStandIn } from '../../stand-ins/ntfy/stand-in.ts';
import type { SlackStandIn } from '../../stand-ins/slack/stand-in.ts';

/** Of each channel the messages since it was asked last: title and text. */
export interface Heard {
  ntfy: string[];
  slack: string[];
}

export class Phone {
  private readonly ntfy: NtfyStandIn;
  private readonly slack: SlackStandIn;
  private known = { ntfy: 0, slack: 0 };

  constructor(ntfy: NtfyStandIn, slack: SlackStandIn) {
    this.ntfy = ntfy;
    this.slack = slack;
  }

  /** Returns when something new has come through both. */
  async rings(): Promise<void> {
    await this.ntfy.until(() => this.ntfy.messages.length > this.known.ntfy);
    await this.slack.until(() => this.slack.messages.length > this.known.slack);
  }

  heard(): Heard {
    const ntfy = this.ntfy.messages.slice(this.known.ntfy);
    const slack = this.slack.messages.slice(this.known.slack);
    this.forget();
    return { ntfy: ntfy.map(({ title, message }) => `${title}\n${message}`), slack: slack.map(plain) };
  }

  forget(): void {
    this.known = { ntfy: this.ntfy.messages.length, slack: this.slack.messages.length };
  }
}

/** Without the signs of Slack's own. */
function plain(text: string): string {
  return text
    .replace(/^(:\w+: )?\*(.*)\*\n/, '$2\n')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}
