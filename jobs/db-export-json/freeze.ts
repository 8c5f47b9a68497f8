// db-export-json freeze: a day's document must not change any more.
import { freezing } from './steps/change-freeze.ts';

export const { run, text, plan } = freezing('frozen');
