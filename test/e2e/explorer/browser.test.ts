// The explorer as people see it, in a Chromium: from its first page to an answer and on from there, at a desk and on a phone.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { chapters } from '../../../lib/explorer/files.ts';
import { Browser, chromium, desktop, phone } from '../../support/browser.ts';
import { Explorer, missingForExplorer } from '../../support/datasette.ts';
import { writeHistoryYear } from '../../support/history-year.ts';

const missing = [...missingForExplorer(), ...(chromium === undefined ? ['chromium'] : [])];
const questions = chapters.flatMap((chapter) => chapter.questions);

describe.skipIf(missing.length > 0)(`in a browser (needs ${missing.join(', ') || 'nothing more'})`, () => {
  let state: string;
  let explorer: Explorer;
  let browser: Browser;

  beforeAll(async () => {
    state = mkdtempSync(join(tmpdir(), 'holdfast-explorer-'));
    writeHistoryYear(join(state, 'ops.db'), new Date());
    [explorer, browser] = await Promise.all([Explorer.start(state), Browser.open()]);
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    await explorer?.[Symbol.asyncDispose]();
    rmSync(state, { recursive: true, force: true });
  });

  /** Where the page is, and its first column of answers. */
  const path = () => browser.run<string>('location.pathname + location.search');
  const column = (name: string) =>
    browser.run<string[]>(
      `[...document.querySelectorAll('td.col-' + ${JSON.stringify(name)})].map((cell) => cell.innerText.trim())`,
    );
  const follow = (text: string) =>
    browser.leave(
      `[...document.links].find((link) => link.innerText.trim() === ${JSON.stringify(text)}).click()`,
    );
  const ask = (values: Record<string, string>) =>
    browser.leave(`(() => {
      for (const [name, value] of Object.entries(${JSON.stringify(values)}))
        document.querySelector('form.ask input[name="' + name + '"]').value = value;
      document.querySelector('form.ask input[type="submit"]').click();
    })()`);

  test('leads from the first page to what failed, to one run, and back', async () => {
    await browser.visit(`${explorer.url}/`);
    await follow('What failed?');
    expect(await path()).toBe('/ops/what-failed');
    expect(await column('run')).toEqual(['night-ctv-1', 'night-ctv-3', 'night-shop-5']);
    await ask({ days: '30', app: 'shop' });
    expect(await column('run')).toEqual(['night-shop-5', 'drill-shop-17', 'night-shop-20']);
    expect(await column('message')).toContain('cannot back up shop: the disk is full');
    await follow('night-shop-20');
    expect(await column('detail')).toEqual(['exit code 74 cannot back up shop: the disk is full']);
    await follow('ops');
    await follow('What is wrong now?');
    expect(await column('verdict')).toEqual(['critical', 'warning', 'unknown']);
    await follow('disk-space');
    expect(await path()).toBe('/ops/check-by-day?check=disk-space');
  });

  test('goes from page to page of a long answer, and says where it ends', async () => {
    await browser.visit(`${explorer.url}/ops/backups-made?app=ctv`);
    expect([await column('app'), await browser.text()]).toEqual([
      expect.toSatisfy((cells: string[]) => cells.length === 200),
      expect.stringContaining('200 rows, page 1'),
    ]);
    await follow('The next page');
    expect((await column('app')).length).toBe(163);
    expect(await browser.text()).toMatch(/163 rows, page 2[^]*The page before/);
    expect(await browser.text()).not.toContain('The next page');
  });

  test.each([
    ['a desk', desktop],
    ['a phone', phone],
  ])('fits %s, and offers nobody a query of their own', async (name, size) => {
    await browser.show(size);
    const pages = ['', 'ops', 'ops/runs', ...questions.map((question) => `ops/${question.name}?check=wal`)];
    // Some of them are looked at as well: HOLDFAST_PICTURES names a folder for that.
    const folder = process.env.HOLDFAST_PICTURES;
    if (folder !== undefined) mkdirSync(folder, { recursive: true });
    for (const page of pages.filter((_, index) => index < 3 || index % 4 === 0)) {
      await browser.visit(`${explorer.url}/${page}`);
      const wide = await browser.run<number>('document.documentElement.scrollWidth - innerWidth');
      expect([page, wide <= 0]).toEqual([page, true]);
      const words = await browser.text();
      expect(words).not.toMatch(/Custom SQL|Run SQL|Edit SQL|Error \d/);
      if (folder !== undefined)
        await browser.picture(
          join(folder, `${(page || 'index').replaceAll(/\W+/g, '-')}-${name.replace(' ', '-')}.png`),
        );
    }
  });
});
