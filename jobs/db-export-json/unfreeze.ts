// db-export-json unfreeze: a day's document follows the database again.
import { freezing } from './steps/change-freeze.ts';

export const { run, text, plan } = freezing('mutable');
