// The report as people see it, in a Chromium: on a phone and at a desk, light and dark, under a policy that admits nothing but its
// own style, and without even that.
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ReportFacts } from '../../../lib/report/facts.ts';
import { htmlOf } from '../../../lib/report/html.ts';
import { reportOf } from '../../../lib/report/report.ts';
import { Browser, chromium, desktop, phone } from '../../support/browser.ts';
import {
  emptyFacts,
  hostileTexts,
  withTexts,
  yearFacts,
  yearOf,
  youngFacts,
} from '../../support/report-facts.ts';

const many = Array.from({ length: 50 }, (_, index) => yearOf(`app-${index}`, { sizeBytes: 5e8, hour: 2 }));
const pages: Record<string, ReportFacts> = {
  year: yearFacts(),
  nothing: emptyFacts,
  many: { ...yearFacts(), apps: many },
  ...Object.fromEntries([3, 20, 60, 100].map((days) => [`${days}-days`, youngFacts(days)])),
  ...Object.fromEntries(hostileTexts.map((said, index) => [`hostile-${index}`, withTexts(said)])),
};

const policy =
  "default-src 'none'; style-src 'unsafe-inline'; img-src data:; form-action 'none'; base-uri 'none'";

describe.skipIf(chromium === undefined)('in a browser (needs chromium)', () => {
  let server: Server;
  let browser: Browser;
  const visit = (name: string) =>
    browser.visit(`http://127.0.0.1:${(server.address() as AddressInfo).port}/${name}`);

  beforeAll(async () => {
    server = createServer(({ url = '' }, response) => {
      const facts = pages[url.slice(1)];
      response.setHeader('Content-Security-Policy', policy);
      response.setHeader('Content-Type', 'text/html; charset=utf-8');
      response.writeHead(facts === undefined ? 404 : 200).end(facts && htmlOf(reportOf(facts)));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    browser = await Browser.open();
  });
  afterAll(async () => {
    await browser?.[Symbol.asyncDispose]();
    server?.closeAllConnections();
    server?.close();
  });

  const sizes = { phone, 'small phone': { ...phone, width: 320 }, desktop };
  const cases = Object.keys(pages).flatMap((name) => Object.keys(sizes).map((size) => [name, size] as const));

  test.each(cases)('%s fits a %s, with everything opened', async (name, size) => {
    await browser.show(sizes[size as keyof typeof sizes]);
    await visit(name);
    await browser.run(openAll);
    expect(await browser.run(tooWide)).toEqual([]);
    expect(await browser.run(overlapping)).toEqual([]);
    expect(browser.complaints).toEqual([]);
  });

  test.each(['light', 'dark'] as const)('text has contrast as it is drawn, %s', async (scheme) => {
    await browser.show(phone);
    await browser.prefer(scheme);
    await visit('year');
    expect(await browser.run(`getComputedStyle(document.body).backgroundColor`)).toBe(
      scheme === 'light' ? 'rgb(246, 247, 249)' : 'rgb(20, 23, 28)',
    );
    expect(await browser.run(faint)).toEqual([]);
  });

  test('says the same, in the same order, where its style is taken away', async () => {
    await browser.show(desktop);
    await visit('year');
    await browser.run(openAll);
    const words = async () => (await browser.text()).split(/\s+/);
    const styled = await words();
    await browser.run(`document.querySelectorAll('style').forEach((style) => style.remove())`);
    expect(await words()).toEqual(styled);
    expect(styled.slice(0, 8).join(' ')).toBe('Not all is well: 1 critical, 1 warning');
    expect(
      await browser.run(
        `[...document.querySelectorAll('svg path.line')].every((path) => getComputedStyle(path).fill === 'none')`,
      ),
    ).toBe(true);
  });

  test('is whole on paper: charts are not cut, and nothing is wider than a page', async () => {
    await browser.show({ ...desktop, width: 700 });
    await browser.prefer('dark', 'print');
    await visit('year');
    expect(await browser.run(`getComputedStyle(document.body).backgroundColor`)).toBe('rgb(255, 255, 255)');
    expect(await browser.run(tooWide)).toEqual([]);
    await browser.prefer('light');
  });
});

const openAll = `document.querySelectorAll('details').forEach((details) => (details.open = true))`;

/** Elements that reach out of the window, or out of the drawing that they are in. */
const tooWide = `[...document.querySelectorAll('body *')].flatMap((element) => {
  const box = element.getBoundingClientRect();
  const drawing = element.ownerSVGElement?.getBoundingClientRect();
  const right = Math.min(document.documentElement.clientWidth, drawing?.right ?? Infinity);
  const isOut = box.width > 1 && (box.right > right + 1.5 || box.left < (drawing?.left ?? 0) - 1.5);
  return isOut ? [element.tagName + ' ' + element.className + ' ' + element.textContent.slice(0, 40)] : [];
}).concat(document.documentElement.scrollWidth > innerWidth ? ['the page can be scrolled sideways'] : [])`;

/** Words in drawings that lie over one another. */
const overlapping = `[...document.querySelectorAll('svg')].flatMap((svg) => {
  const texts = [...svg.querySelectorAll('text')].map((text) => [text.textContent, text.getBoundingClientRect()]);
  return texts.flatMap(([one, a], index) => texts.slice(index + 1).flatMap(([other, b]) =>
    a.width > 0 && b.width > 0 && a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 2 && b.top < a.bottom - 2
      ? [one + ' / ' + other] : []));
})`;

/** Words whose colour is too near that of what they stand on. */
const faint = `(() => {
  const light = (colour) => {
    const [red, green, blue] = colour.match(/[\\d.]+/g).map(Number).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
  };
  const ground = (element) => {
    for (let at = element; at; at = at.parentElement) {
      const colour = getComputedStyle(at).backgroundColor;
      if (!/, 0\\)$/.test(colour) && colour !== 'transparent') return colour;
    }
    return 'rgb(255, 255, 255)';
  };
  return [...document.querySelectorAll('body *')].flatMap((element) => {
    const hasText = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim() !== '');
    if (!hasText) return [];
    const style = getComputedStyle(element);
    const [a, b] = [light(element.ownerSVGElement ? style.fill : style.color), light(ground(element))].sort((one, other) => other - one);
    return (a + 0.05) / (b + 0.05) < 4.5 ? [element.tagName + ' ' + element.textContent.slice(0, 40)] : [];
  });
})()`;
