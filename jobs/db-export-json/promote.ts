// db-export-json promote: one phase on, from documents to the database.
import { changingPhase } from './steps/change-phase.ts';

export const { run, text, plan } = changingPhase(1);
