// Two machines and one store: on the first an app is live, the second keeps its database ready.
import { readFileSync, writeFileSync } from 'node:fs';
import { TypedWorld } from './typed-world.ts';
import { makeBookings } from './world.ts';

/** The second machine. Its store is that of the first. */
export class StandbyBox extends TypedWorld {
  readonly #store: string;

  constructor(master: TypedWorld) {
    super(master.clock.now().toISOString());
    this.#store = master.store;
  }

  /** With `[apps.bookings.standby]` and its keys. */
  standBy(keys = '', options: { app?: string; store?: string } = {}): void {
    this.configure({ app: `${options.app ?? ''}\n[apps.bookings.standby]\n${keys}` });
    const text = readFileSync(this.config, 'utf8');
    const path = options.store ?? this.#store;
    writeFileSync(this.config, text.replace(JSON.stringify(this.store), JSON.stringify(path)));
  }
}

export interface TwoMachines extends AsyncDisposable {
  master: TypedWorld;
  box: StandbyBox;
}

/** The first backed up once, the second configured and with nothing yet. `app` is of both. */
export async function twoMachines({ keys = '', app = '' } = {}): Promise<TwoMachines> {
  const master = new TypedWorld();
  master.configure({ app: app.replaceAll('HOME', master.home) });
  makeBookings(master.database);
  const { exitCode, stderr } = await master.run('db-backup', ['run']);
  if (exitCode !== 0) throw new Error(stderr);
  const box = new StandbyBox(master);
  box.clock.advance(60_000);
  box.standBy(keys, { app: app.replaceAll('HOME', box.home) });
  return {
    master,
    box,
    async [Symbol.asyncDispose]() {
      await box[Symbol.asyncDispose]();
      await master[Symbol.asyncDispose]();
    },
  };
}

/** So many hours pass on both. */
export function passHours({ master, box }: TwoMachines, hours: number): void {
  for (const { clock } of [master, box]) clock.advance(hours * 3_600_000);
}
