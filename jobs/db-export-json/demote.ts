// db-export-json demote: one phase back, from the database to documents.
import { changingPhase } from './steps/change-phase.ts';

export const { run, text, plan } = changingPhase(-1);
