// A Chromium without a window, told what to do through a pipe, in the protocol of its developer tools.
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable, Writable } from 'node:stream';

/** Its name here; undefined where there is none. */
export const chromium = ['chromium', 'chromium-browser', 'google-chrome'].find(
  (name) => spawnSync(name, ['--version']).status === 0,
);

export const desktop = { width: 1280, height: 900, mobile: false };
export const phone = { width: 390, height: 844, mobile: true };

interface Message {
  id?: number;
  method?: string;
  sessionId?: string;
  params?: unknown;
  result?: unknown;
  error?: { message: string };
}

/** One browser with one page. */
export class Browser {
  /** What the page had to complain of: errors of scripts, and what its policy has kept out. */
  readonly complaints: string[] = [];
  private readonly waiting = new Map<number, (message: Message) => void>();
  private readonly heard = new Map<string, () => void>();
  private session: string | undefined;
  private count = 0;

  private readonly child: ChildProcess;
  private readonly home: string;

  private constructor(child: ChildProcess, home: string) {
    this.child = child;
    this.home = home;
    let rest = '';
    (child.stdio[4] as Readable).setEncoding('utf8').on('data', (text: string) => {
      const parts = (rest + text).split('\0');
      rest = parts.pop() ?? '';
      for (const part of parts) this.take(JSON.parse(part) as Message);
    });
  }

  static async open(): Promise<Browser> {
    const home = mkdtempSync(join(tmpdir(), 'holdfast-browser-'));
    const options = [
      '--headless',
      '--no-sandbox',
      '--disable-gpu',
      '--disable-dev-shm-usage',
      '--hide-scrollbars',
    ];
    const child = spawn(
      chromium ?? 'chromium',
      [...options, '--no-first-run', '--remote-debugging-pipe', `--user-data-dir=${home}`, 'about:blank'],
      { stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'] },
    );
    const browser = new Browser(child, home);
    const { targetId } = (await browser.call('Target.createTarget', { url: 'about:blank' })) as {
      targetId: string;
    };
    const attached = await browser.call('Target.attachToTarget', { targetId, flatten: true });
    browser.session = (attached as { sessionId: string }).sessionId;
    for (const domain of ['Page', 'Log', 'Runtime']) await browser.call(`${domain}.enable`);
    await browser.show(desktop);
    return browser;
  }

  async show({ width, height, mobile }: typeof desktop): Promise<void> {
    const deviceScaleFactor = mobile ? 2 : 1;
    await this.call('Emulation.setDeviceMetricsOverride', { width, height, mobile, deviceScaleFactor });
  }

  /** As a reader who likes it `light` or `dark`, or on paper. */
  async prefer(scheme: 'light' | 'dark', media: 'screen' | 'print' = 'screen'): Promise<void> {
    const features = [{ name: 'prefers-color-scheme', value: scheme }];
    await this.call('Emulation.setEmulatedMedia', { media, features });
  }

  /** Goes there, and is back when the page has been loaded. */
  async visit(url: string): Promise<void> {
    await this.loading(() => this.call('Page.navigate', { url }));
  }

  /** Does something that leads to another page, and is back when that has been loaded. */
  async leave(expression: string): Promise<void> {
    await this.loading(() => this.run(expression));
  }

  /** What a JavaScript expression is in the page; has to be JSON. */
  async run<T>(expression: string): Promise<T> {
    const answer = (await this.call('Runtime.evaluate', {
      expression,
      returnByValue: true,
      awaitPromise: true,
    })) as {
      result: { value: T };
      exceptionDetails?: { text: string; exception?: { description?: string } };
    };
    const failed = answer.exceptionDetails;
    if (failed !== undefined) throw new Error(failed.exception?.description ?? failed.text);
    return answer.result.value;
  }

  /** The text of the page as people see it. */
  text(): Promise<string> {
    return this.run<string>('document.body.innerText');
  }

  /** All of the page, as wide as it is shown. */
  async picture(path: string): Promise<void> {
    const { data } = (await this.call('Page.captureScreenshot', { captureBeyondViewport: true })) as {
      data: string;
    };
    writeFileSync(path, Buffer.from(data, 'base64'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const ended = once(this.child, 'exit');
    this.child.kill('SIGKILL');
    await ended;
    rmSync(this.home, { recursive: true, force: true, maxRetries: 5 });
  }

  private async loading(work: () => Promise<unknown>): Promise<void> {
    const loaded = new Promise<void>((resolve) => this.heard.set('Page.loadEventFired', resolve));
    await work();
    await loaded;
  }

  private call(method: string, params: object = {}): Promise<unknown> {
    const id = (this.count += 1);
    const message = {
      id,
      method,
      params,
      ...(this.session === undefined ? {} : { sessionId: this.session }),
    };
    (this.child.stdio[3] as Writable).write(`${JSON.stringify(message)}\0`);
    return new Promise((resolve, reject) => {
      this.waiting.set(id, ({ result, error }) =>
        error === undefined ? resolve(result) : reject(new Error(`${method}: ${error.message}`)),
      );
    });
  }

  private take(message: Message): void {
    if (/^(Log\.entryAdded|Runtime\.(exceptionThrown|consoleAPICalled))$/.test(message.method ?? ''))
      this.complaints.push(JSON.stringify(message.params));
    if (message.id !== undefined) this.waiting.get(message.id)?.(message);
    else this.heard.get(message.method ?? '')?.();
  }
}
