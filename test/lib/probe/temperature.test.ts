import { symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { temperatureProbe } from '../../../lib/probe/temperature.ts';
import { probeWorld, putFile } from '../../support/probe-context.ts';

const zone = (number: number, type: string, temp: string) => ({
  [`sys/class/thermal/thermal_zone${number}/type`]: `${type}\n`,
  [`sys/class/thermal/thermal_zone${number}/temp`]: `${temp}\n`,
});
const sensor = (number: number, files: Record<string, string>) =>
  Object.fromEntries(
    Object.entries(files).map(([name, text]) => [`sys/class/hwmon/hwmon${number}/${name}`, `${text}\n`]),
  );

test('a Raspberry Pi 5 with a disk', async () => {
  const files = {
    ...zone(0, 'cpu-thermal', '48250'),
    ...sensor(0, { name: 'cpu_thermal', temp1_input: '48250' }),
    ...sensor(1, { name: 'nvme', temp1_input: '38850' }),
    ...sensor(2, { name: 'pwmfan', fan1_input: '2500', pwm1: '75' }),
    'sys/class/thermal/cooling_device0/type': 'pwm-fan\n',
  };
  const world = probeWorld({ files });
  symlinkSync('../../nvme0', join(world.root, 'sys/class/hwmon/hwmon1/device'));
  expect(await temperatureProbe.subjects(world)).toEqual(['cpu-thermal', 'nvme0']);
  expect(await temperatureProbe.measure(world, 'cpu-thermal')).toEqual({ celsius: 48.25, stuckFans: 0 });
  expect(await temperatureProbe.measure(world, 'nvme0')).toEqual({ celsius: 38.85, stuckFans: 0 });
  putFile(world.root, 'sys/class/hwmon/hwmon2/fan1_input', '0\n');
  expect(await temperatureProbe.measure(world, 'cpu-thermal')).toEqual({ celsius: 48.25, stuckFans: 1 });
  expect(await temperatureProbe.measure(world, 'nvme0')).toEqual({ celsius: 38.85, stuckFans: 0 });
  putFile(world.root, 'sys/class/hwmon/hwmon2/pwm1', '0\n');
  expect(await temperatureProbe.measure(world, 'cpu-thermal')).toEqual({ celsius: 48.25, stuckFans: 0 });
});

test('a PC: two of a kind, and those that have nothing to say', async () => {
  const files = {
    ...zone(0, 'acpitz', '27800'),
    ...zone(1, 'acpitz', '29800'),
    ...zone(2, 'x86_pkg_temp', '51000'),
    ...zone(3, 'iwlwifi_1', 'not now'),
    ...zone(4, 'broken', '255000'),
    ...zone(5, 'unplugged', '0'),
    ...zone(6, 'cold', '-12000'),
  };
  const world = probeWorld({ files });
  expect(await temperatureProbe.subjects(world)).toEqual(['acpitz', 'acpitz-1', 'x86_pkg_temp', 'cold']);
  expect(await temperatureProbe.measure(world, 'acpitz-1')).toMatchObject({ celsius: 29.8 });
  expect(await temperatureProbe.measure(world, 'cold')).toMatchObject({ celsius: -12 });
});

test('a sensor that went away, or refuses, is not known; and a machine may have none', async () => {
  const world = probeWorld();
  expect(await temperatureProbe.subjects(world)).toEqual([]);
  await expect(temperatureProbe.measure(world, 'cpu-thermal')).rejects.toThrow(
    'cannot read the temperature of cpu-thermal',
  );
});
