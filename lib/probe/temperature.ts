// Measures temperatures: of the processor by the kernel's zones, and of disks that have a sensor.
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import type { TemperatureFacts } from '../health/temperature.ts';
import { kernelLink, kernelNames, kernelNumber, kernelText, sensors } from './kernel-files.ts';
import type { Probe } from './probe.ts';

export const temperatureProbe: Probe<TemperatureFacts> = {
  subjects: async ({ root }) => [...(await sources(root)).keys()],
  async measure({ root }, subject) {
    const path = (await sources(root)).get(subject);
    const celsius = path === undefined ? undefined : await readCelsius(root, path);
    if (celsius === undefined)
      throw new OpsError('io', `cannot read the temperature of ${subject}: it has no answer now`);
    return { celsius, stuckFans: /cpu|soc|pkg/.test(subject) ? await stuckFans(root) : 0 };
  },
};

/** The files to read, by what their sensor is called. One that has nothing to say, such as that of a radio that is off, is none. */
async function sources(root: string): Promise<Map<string, string>> {
  const zones = (await kernelNames(root, 'sys/class/thermal')).filter((name) =>
    name.startsWith('thermal_zone'),
  );
  const found = new Map<string, string>();
  for (const zone of zones) {
    const path = join('sys/class/thermal', zone);
    const type = (await kernelText(root, join(path, 'type'))) ?? zone;
    const name = found.has(type) ? `${type}-${zone.replace('thermal_zone', '')}` : type;
    if ((await readCelsius(root, join(path, 'temp'))) !== undefined) found.set(name, join(path, 'temp'));
  }
  for (const kind of ['nvme', 'drivetemp'])
    for (const path of await sensors(root, kind)) {
      const device = (await kernelLink(root, join(path, 'device'))) ?? kind;
      found.set(device.startsWith(kind) ? device : `${kind}-${device}`, join(path, 'temp1_input'));
    }
  return found;
}

/** What no thermometer shows is no temperature: some say 0 or 255 where they do not know. */
async function readCelsius(root: string, path: string): Promise<number | undefined> {
  const value = await kernelNumber(root, path);
  return value !== undefined && value > -50_000 && value < 150_000 && value !== 0 ? value / 1000 : undefined;
}

/** Fans of a Raspberry Pi that get current and do not turn. */
async function stuckFans(root: string): Promise<number> {
  const fans = await Promise.all(
    (await sensors(root, 'pwmfan')).map(async (path) => ({
      power: await kernelNumber(root, join(path, 'pwm1')),
      turns: await kernelNumber(root, join(path, 'fan1_input')),
    })),
  );
  return fans.filter(({ power, turns }) => power !== undefined && power > 0 && turns === 0).length;
}
