// `alerts.desktop`: also on the screen of this very machine.
import { z } from 'zod';
import type { DesktopConfig } from '../config.ts';
import { type Environment, nonEmpty } from '../environment.ts';

export const desktopKey = z
  .boolean()
  .default(false)
  .describe('also on the screen, where a desktop session runs');

/** Without all of it a message would be lost in silence. */
export function desktopConfig(environment: Environment): DesktopConfig {
  const { DISPLAY, WAYLAND_DISPLAY, DBUS_SESSION_BUS_ADDRESS } = environment;
  const hasScreen = (nonEmpty(DISPLAY) ?? nonEmpty(WAYLAND_DISPLAY)) !== undefined;
  return { isThere: hasScreen && nonEmpty(DBUS_SESSION_BUS_ADDRESS) !== undefined };
}
