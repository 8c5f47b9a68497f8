// Whether it gets too hot: a Pi slows down at 80 °C, and its fan may stand still without anybody hearing it.
import { worst } from '../base/verdict.ts';
import type { Check } from './check.ts';
import { byLimits } from './limits.ts';

export interface TemperatureFacts {
  celsius: number;
  /** Fans that are told to turn and do not. */
  stuckFans: number;
}

export const temperatureCheck: Check<TemperatureFacts> = {
  name: 'temperature',
  question: 'Is it cool enough?',
  unit: '°C',
  limits: { warning: 75, critical: 82 },
  worse: 'above',
  // It swings about a limit: over is what was below it for a while.
  recoveries: 3,
  judge({ celsius, stuckFans }, { limits }) {
    const value = Math.round(celsius * 10) / 10;
    const fan = stuckFans === 0 ? '' : ', and a fan stands still that is told to turn';
    return {
      verdict: worst([byLimits(celsius, limits, 'above'), stuckFans > 0 ? 'warning' : 'ok']),
      value,
      message: `${value} °C${fan}`,
      hint:
        stuckFans > 0
          ? 'look at the fan: is it plugged in, is something in its way?'
          : 'look at the fan and at what the machine does: ps -eo pcpu,comm --sort=-pcpu | head',
    };
  },
};
