// The format of pages under the suite of repositories, on whatever store.
import { openRepository } from '../../lib/repository/open.ts';
import { plain } from './plain-format.ts';
import type { RepositoryFormat } from './repository-world.ts';

/** The format of pages, as the suite of repositories takes it. */
export const pages: RepositoryFormat = {
  ...plain,
  ending: '.pages',
  isPlain: false,
  open: openRepository,
};
