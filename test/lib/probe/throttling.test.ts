import { expect, test } from 'vitest';
import { OpsError } from '../../../lib/base/errors.ts';
import { throttlingCheck } from '../../../lib/health/throttling.ts';
import { throttlingProbe } from '../../../lib/probe/throttling.ts';
import { judged } from '../../support/judged.ts';
import { probeWorld, putFile } from '../../support/probe-context.ts';

const boot = { 'proc/sys/kernel/random/boot_id': 'one\n' };
const alarm = 'sys/class/hwmon/hwmon3/in0_lcrit_alarm';
const sensor = {
  'sys/class/hwmon/hwmon0/name': 'cpu_thermal\n',
  'sys/class/hwmon/hwmon0/in0_lcrit_alarm': '1\n', // an alarm, and not of the voltage
  'sys/class/hwmon/hwmon3/name': 'rpi_volt\n',
  [alarm]: '0\n',
};
const firmware = { 'dev/vcio': '', 'usr/bin/vcgencmd': '' };
const says = (text: string) => async () => ({ exitCode: 0, stdout: `${text}\n`, stderr: '' });

test('the sensor of the kernel is found by its name', async () => {
  const world = probeWorld({ files: { ...boot, ...sensor } });
  expect(await throttlingProbe.subjects(world)).toEqual(['machine']);
  expect(await throttlingProbe.measure(world, 'machine')).toEqual({
    bits: undefined,
    isUnderVoltage: false,
    newBits: 0,
  });
  putFile(world.root, alarm, '1\n');
  expect(await throttlingProbe.measure(world, 'machine')).toMatchObject({ isUnderVoltage: true });
});

test('what has happened since the machine started is news once, for an hour', async () => {
  let bits = '0x50000';
  const world = probeWorld({ files: { ...boot, ...firmware }, run: async () => says(`throttled=${bits}`)() });
  const verdict = async () =>
    judged(throttlingCheck, await throttlingProbe.measure(world, 'machine')).verdict;
  expect(await throttlingProbe.subjects(world)).toEqual(['machine']);
  expect(await verdict()).toBe('ok'); // as it was before anybody looked
  bits = '0x70002';
  expect(await verdict()).toBe('warning'); // slower, now
  bits = '0x70000';
  world.clock.advance(5 * 60_000);
  expect(await verdict()).toBe('warning'); // it came and went
  world.clock.advance(56 * 60_000);
  expect(await verdict()).toBe('ok');
  bits = '0x50000';
  putFile(world.root, 'proc/sys/kernel/random/boot_id', 'two\n');
  expect(await verdict()).toBe('warning'); // all of it is of this start
});

test('where both can be asked one that does not answer is no matter', async () => {
  for (const answer of [
    async () => Promise.reject(new OpsError('io', 'cannot run vcgencmd: no')),
    says('VCHI initialization failed'),
  ]) {
    const both = probeWorld({ files: { ...boot, ...sensor, ...firmware }, run: answer });
    expect(await throttlingProbe.measure(both, 'machine')).toEqual({
      bits: undefined,
      isUnderVoltage: false,
      newBits: 0,
    });
    const alone = probeWorld({ files: { ...boot, ...firmware }, run: answer });
    await expect(throttlingProbe.measure(alone, 'machine')).rejects.toThrow(
      /^cannot (run|read what) vcgencmd/,
    );
  }
});

test('a Raspberry Pi of which nobody can say it is not known, and never well', async () => {
  const model = { 'sys/firmware/devicetree/base/model': 'Raspberry Pi 5 Model B Rev 1.0\0' };
  const mute = { ...sensor, [alarm]: '\n' };
  for (const files of [
    { ...boot, ...model },
    { ...boot, ...model, 'usr/bin/vcgencmd': '' },
    { ...boot, ...mute },
  ]) {
    const world = probeWorld({ files });
    expect(await throttlingProbe.subjects(world)).toEqual(['machine']);
    await expect(throttlingProbe.measure(world, 'machine')).rejects.toMatchObject({
      message: expect.stringContaining('cannot ask for the voltage') as string,
      hint: expect.stringContaining('DeviceAllow=/dev/vcio rw') as string,
    });
  }
});

test('nothing is asked of what is no Raspberry Pi', async () => {
  const other = { 'sys/firmware/devicetree/base/model': 'Banana Pi\0' };
  for (const files of [{}, other, { 'dev/vcio': '' }, { 'usr/bin/vcgencmd': '' }])
    expect(await throttlingProbe.subjects(probeWorld({ files }))).toEqual([]);
});
