// Settings with which health-check asks nothing of the machine that a test runs on: how hot, how full and how busy that is, no test
// decides.

const checks = [
  ...[
    'disk-space',
    'inodes',
    'read-only',
    'mounts',
    'disk-wear',
    'memory',
    'load',
    'temperature',
    'throttling',
  ],
  ...['units', 'timers'],
];

/** Goes to the end of what stands at the top of a configuration. */
export const machineUnwatched = `[health]\n${checks.map((check) => `${check} = { off = true }`).join('\n')}\n`;
