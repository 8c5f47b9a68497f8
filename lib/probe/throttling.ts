// Measures whether a Raspberry Pi has power enough: by the sensor of the kernel, and by the firmware where that may be asked.
import { access } from 'node:fs/promises';
import { join } from 'node:path';
import { OpsError } from '../base/errors.ts';
import { machine } from '../health/causes.ts';
import { pastBits, type ThrottlingFacts } from '../health/throttling.ts';
import { bootId, kernelNumber, kernelText, sensors } from './kernel-files.ts';
import { newsOf, stickyBits } from './news.ts';
import type { Probe, ProbeContext } from './probe.ts';

const timeoutMs = 5000;
const firmware = 'usr/bin/vcgencmd';

export const throttlingProbe: Probe<ThrottlingFacts> = {
  async subjects({ root }) {
    const model = (await kernelText(root, 'sys/firmware/devicetree/base/model')) ?? '';
    if (model.startsWith('Raspberry Pi')) return [machine];
    return (await sensors(root, 'rpi_volt')).length > 0 || (await canAskFirmware(root)) ? [machine] : [];
  },
  async measure(context) {
    const { root } = context;
    const isUnderVoltage = await alarmOf(root);
    const bits = (await canAskFirmware(root))
      ? await askFirmware(context, isUnderVoltage !== undefined)
      : undefined;
    if (bits === undefined && isUnderVoltage === undefined) throw nobodySays();
    if (bits === undefined) return { bits, isUnderVoltage, newBits: 0 };
    const past = { boot: await bootId(root), value: pastBits(bits), growth: stickyBits };
    return { bits, isUnderVoltage, newBits: newsOf(context, 'throttling: past', past) };
  },
};

function nobodySays(): OpsError {
  return new OpsError(
    'missing',
    'cannot ask for the voltage: the kernel has no sensor of it here, nor can vcgencmd be asked',
    {
      hint:
        'systemctl edit health-check.service, with PrivateDevices=no, DeviceAllow=/dev/vcio rw and SupplementaryGroups=video ' +
        'below [Service]; or throttling = { off = true } below [health]',
    },
  );
}

/** By the name of the sensor: others have alarms too. */
async function alarmOf(root: string): Promise<boolean | undefined> {
  const [path] = await sensors(root, 'rpi_volt');
  const alarm = path === undefined ? undefined : await kernelNumber(root, join(path, 'in0_lcrit_alarm'));
  return alarm === undefined ? undefined : alarm !== 0;
}

/** The program and its device: a unit with PrivateDevices= has none. */
async function canAskFirmware(root: string): Promise<boolean> {
  return Promise.all(['dev/vcio', firmware].map((path) => access(join(root, path)))).then(
    () => true,
    () => false,
  );
}

/** `throttled=0x50005`. Where somebody else answers as well it is no matter that it does not. */
async function askFirmware({ run, signal }: ProbeContext, isOneOfTwo: boolean): Promise<number | undefined> {
  try {
    const { stdout } = await run('vcgencmd', ['get_throttled'], { timeoutMs, signal });
    const found = /^throttled=(0x[0-9a-f]+)/i.exec(stdout.trim())?.[1];
    if (found !== undefined) return Number(found);
    throw new OpsError('io', `cannot read what vcgencmd says: ${stdout.trim()}`);
  } catch (error) {
    if (isOneOfTwo && error instanceof OpsError) return undefined;
    throw error;
  }
}
