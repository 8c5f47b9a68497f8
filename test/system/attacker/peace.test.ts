// Nobody attacks, and all goes well: here as everywhere, and where the guards are taken out (test/support/attacker/without-guards.ts)
// as well. Else a program that can do nothing at all would seem to be one that every attack succeeds on.
import { describeAttacks } from '../../support/attacker/attack.ts';

describeAttacks('whoever wants nothing gets', [
  {
    wants: 'a backup, a restore and an undo',
    types: [
      'db-backup run --accept-shrink',
      'restore run latest --yes',
      'restore undo --yes',
      'restore status',
    ],
    mustEnd: 'well',
  },
  {
    wants: 'documents that are shipped',
    ships: 'database',
    types: ['db-export-json run --ship'],
    mustEnd: 'well',
  },
]);
