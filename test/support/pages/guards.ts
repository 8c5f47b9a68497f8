// What keeps backups in pages right, each as lines of the product and what would stand there without: the fuzz has to find that
// each is missing, or it proves nothing.
import type { Edit } from './house.ts';
import type { SeedOptions } from './seed.ts';

export interface PagesGuard {
  /** What the product does by it. */
  does: string;
  edits: readonly Edit[];
  /** What has to be disturbed for it to matter; undefined where nothing. */
  only?: SeedOptions['only'];
}

const pages = 'lib/repository/pages';

const allPages: Edit = {
  file: `${pages}/page-digests.ts`,
  from: 'return runsWhere(now.pageCount, (page) => {',
  to: 'return runsWhere(now.pageCount - (now.pageCount > 2 ? 1 : 0), (page) => {',
};

export const pagesGuards: readonly PagesGuard[] = [
  { does: 'holds every page that changed', edits: [allPages] },
  {
    does: 'lets nothing out that is not what the manifest promises',
    edits: [
      allPages,
      {
        file: `${pages}/fetch.ts`,
        from: '(promised === undefined || promised === sha256)) return;',
        to: 'true) return;',
      },
      // A page that nobody holds is then one of the base.
      {
        file: `${pages}/page-digests.ts`,
        from: 'return page >= base.pageCount || before',
        to: 'return page >= base.pageCount || page % 5 !== 3 && before',
      },
    ],
  },
  {
    does: 'compares with the base that it names',
    edits: [
      {
        file: `${pages}/plan-place.ts`,
        from: 'pages: runsOf(place.base),',
        to: 'pages: runsOf(series.bases.at(-1) ?? place.base),',
      },
    ],
  },
  {
    does: 'takes only pages of the full as they were for a dictionary',
    edits: [
      { file: `${pages}/encode.ts`, from: 'if (other !== undefined) throw', to: 'if (other === -1) throw' },
    ],
    only: ['kept full'],
  },
  {
    does: 'builds nothing on what is suspect',
    edits: [
      {
        file: `${pages}/advance-series.ts`,
        from: 'isSuspectOne(spooled) || !canBeBase(level, levels)',
        to: '!canBeBase(level, levels)',
      },
      {
        file: `${pages}/make-spool.ts`,
        from: 'const isBase = suspect.length === 0 &&',
        to: 'const isBase = suspect.length >= 0 &&',
      },
      {
        file: 'lib/backup/series.ts',
        from: "return state === 'proven' || state === 'future';",
        to: "return state === 'proven' || state === 'suspect' || state === 'future';",
      },
      {
        file: `${pages}/foundation.ts`,
        from: "if (base.state !== 'proven' && base",
        to: "if (base.state !== 'suspect' && base.state !== 'proven' && base",
      },
    ],
    only: [],
  },
  {
    does: 'looks once more at what it builds on before it is a backup',
    edits: [
      {
        file: `${pages}/foundation.ts`,
        from: 'if (pages.base === undefined) return undefined;',
        to: 'if (pages.level >= 0) return undefined; if (pages.base === undefined) return undefined;',
      },
    ],
  },
  {
    does: 'leaves a series that another machine goes on with',
    edits: [
      {
        file: 'lib/backup/series.ts',
        from: 'intrusion(state, question.entries) ?? lossOfFull',
        to: 'lossOfFull',
      },
      { file: `${pages}/foundation.ts`, from: 'return other && `', to: 'return other && undefined && `' },
    ],
    only: ['twin', 'state back'],
  },
  {
    does: 'makes a full where the full is gone',
    edits: [
      {
        file: 'lib/backup/series.ts',
        from: "if (entry === undefined || entry.state === 'lost') return `${called} is no longer",
        to: "if (entry === undefined) return undefined; if (entry.state === 'lost') return `${called} is no longer",
      },
      {
        file: 'lib/backup/series.ts',
        from: '    if (entry === undefined || pages === undefined || !canBear(entry) || idOf(entry) !== known.id) return [];\n    const { level, sequence } = pages;',
        to: '    const { level, sequence } = pages ?? known; if (entry === undefined || pages === undefined) return [{ known, name: known.name, level, on: undefined, takenAt: new Date(0) }];',
      },
      {
        file: `${pages}/foundation.ts`,
        from: 'if (pages.base === undefined) return undefined;',
        to: 'if (pages.level >= 0) return undefined; if (pages.base === undefined) return undefined;',
      },
    ],
    only: ['object', 'store back'],
  },
  {
    does: 'keeps what something that stays is based on',
    edits: [
      {
        file: 'lib/backup/retention.ts',
        from: 'const asBases = keptAsBases(backups, (backup) => claimsOf(backup).length > 0, question.others ?? []);',
        to: 'const asBases = new Map<string, string>(); void keptAsBases;',
      },
    ],
    only: [],
  },
];
