// Opens a report in a real Chromium and looks at it as people do: in light and in dark, on a phone, with the keyboard alone,
// without a network. Plain JavaScript, because the acceptance check uses it too. `checkReport` answers one sentence per
// thing that is wrong; an empty list: nothing is.

import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { chromium } from "playwright-core";

const PLACES = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];
const WIDE = { width: 1280, height: 900 };
const PHONE = { width: 390, height: 844 };
/** What WCAG 2 asks of text (AA). */
const CONTRAST_MIN = 4.5;

/** @returns {string | undefined} path of a Chromium on this machine */
export function findChromium() {
  return [process.env.CHROMIUM ?? "", ...PLACES].find((path) => path !== "" && existsSync(path));
}

/**
 * Checks a report.
 *
 * @param {string} file
 * @param {string} executablePath of a Chromium
 * @param {unknown[]} documents from which it was made, as `--json` printed them
 * @returns {Promise<string[]>}
 */
export async function checkReport(file, executablePath, documents) {
  /** @type {string[]} */
  const wrong = [];
  const folder = mkdtempSync(join(tmpdir(), "pagetier-chromium-"));
  try {
    /** @type {(name: string, options: object, look: (page: import("playwright-core").Page) => Promise<void>) => Promise<void>} */
    const open = async (name, options, look) => {
      const context = await chromium.launchPersistentContext(join(folder, name), {
        executablePath,
        headless: true,
        args: FLAGS,
        ...options,
      });
      try {
        const page = context.pages()[0] ?? (await context.newPage());
        await context.setOffline(true);
        context.setDefaultTimeout(60_000);
        page.on("console", (message) => wrong.push(`${name}: the console says ${message.text()}`));
        page.on("pageerror", (error) => wrong.push(`${name}: ${error.message}`));
        page.on("request", (request) => {
          if (!/^(file|data|blob):/.test(request.url())) wrong.push(`${name}: asks for ${request.url()}`);
        });
        await page.goto(`file://${file}`);
        if (!("javaScriptEnabled" in options)) {
          await page.waitForFunction(() => {
            const places = [...document.querySelectorAll(".plot")];
            return places.every((place) => place.querySelector("svg") !== null);
          });
        }
        for (const complaint of await look(page).then(
          () => [],
          (error) => [`${name}: ${error.message.split("\n")[0]}`],
        )) {
          wrong.push(complaint);
        }
      } finally {
        await context.close();
      }
    };
    /** @type {(complaints: string[]) => void} */
    const add = (complaints) => {
      wrong.push(...complaints);
    };
    await open("light", { colorScheme: "light", viewport: WIDE }, async (page) => {
      add(await layoutFaults(page, WIDE.width));
      add(await structureFaults(page));
      add(await numberFaults(page, documents));
      add(await keyboardFaults(page));
      add(await colourFaults(page, "light"));
      add(await themeFaults(page));
      add(await downloadFaults(page, documents));
    });
    await open("dark", { colorScheme: "dark", viewport: WIDE }, async (page) => add(await colourFaults(page, "dark")));
    const phone = { colorScheme: "light", viewport: PHONE, isMobile: true, hasTouch: true, deviceScaleFactor: 2 };
    await open("phone", phone, async (page) => {
      add(await layoutFaults(page, PHONE.width));
      add(await touchFaults(page));
    });
    await open("plain", { javaScriptEnabled: false, viewport: WIDE }, async (page) => {
      const text = await page.locator("main").innerHTML();
      if (!text.includes("<table>")) wrong.push("plain: without scripts there are no tables");
    });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return wrong;
}

/**
 * Everything has its place: nothing beyond the page's width, every chart drawn.
 *
 * @param {import("playwright-core").Page} page
 * @param {number} width
 */
function layoutFaults(page, width) {
  return page.evaluate((wanted) => {
    const faults = [];
    const { scrollWidth } = document.documentElement;
    if (scrollWidth > wanted) faults.push(`${wanted} px: the page is ${scrollWidth} px wide`);
    for (const place of document.querySelectorAll(".plot")) {
      const name = place.getAttribute("data-chart");
      const box = place.querySelector("svg")?.getBoundingClientRect();
      if (box === undefined || box.width < 200 || box.height < 40) faults.push(`${wanted} px: ${name} is not drawn`);
      else if (box.right > wanted) faults.push(`${wanted} px: ${name} is cut off`);
      const marks = place.querySelectorAll("svg path[d], svg rect, svg circle");
      if (marks.length === 0) faults.push(`${wanted} px: ${name} shows nothing`);
      for (const mark of place.querySelectorAll("svg path[d]")) {
        if (/NaN|undefined/.test(mark.getAttribute("d") ?? "")) faults.push(`${name} has a broken path`);
      }
    }
    return faults;
  }, width);
}

/**
 * Names, headings and references that a screen reader goes by.
 *
 * @param {import("playwright-core").Page} page
 */
function structureFaults(page) {
  return page.evaluate(() => {
    const faults = [];
    const ids = [...document.querySelectorAll("[id]")].map(({ id }) => id);
    for (const id of new Set(ids.filter((each, index) => ids.indexOf(each) !== index)))
      faults.push(`id ${id} is there twice`);
    for (const attribute of ["aria-labelledby", "aria-describedby"]) {
      for (const element of document.querySelectorAll(`[${attribute}]`)) {
        const id = element.getAttribute(attribute) ?? "";
        if (!document.getElementById(id)?.textContent) faults.push(`${attribute} ${id} names nothing`);
      }
    }
    for (const link of document.querySelectorAll('a[href^="#"]')) {
      if (document.querySelector(link.getAttribute("href") ?? "") === null)
        faults.push(`${link.textContent} leads nowhere`);
    }
    const levels = [...document.querySelectorAll("h1, h2, h3")].map(({ tagName }) => Number(tagName[1]));
    if (levels[0] !== 1 || levels.filter((level) => level === 1).length !== 1)
      faults.push("there is not one h1, first");
    if (levels.some((level, index) => index > 0 && level > levels[index - 1] + 1))
      faults.push("a heading skips a level");
    for (const figure of document.querySelectorAll("figure")) {
      if (figure.querySelector("table tbody tr") === null) faults.push(`${figure.id} has no table`);
    }
    if (document.documentElement.lang === "") faults.push("the page has no language");
    if (/undefined|NaN|\[object/.test(document.querySelector("main")?.textContent ?? ""))
      faults.push("a text says undefined, NaN or [object");
    return faults;
  });
}

/**
 * What the page shows against what was measured.
 *
 * @param {import("playwright-core").Page} page
 * @param {any[]} documents
 */
async function numberFaults(page, documents) {
  const faults = [];
  const kept = JSON.parse((await page.locator("#pagetier-parts").textContent()) ?? "");
  const inside = kept.map((/** @type {any} */ part) => part.document);
  if (!isDeepStrictEqual(inside, documents))
    faults.push("the documents in the page are not those that it was made from");
  const runs = documents.flatMap((document) => document.runs ?? ("recipe" in document ? [document] : []));
  const count = (/** @type {number} */ value) => Math.round(value).toLocaleString("en-US");
  /** @type {(label: string, expected: string[]) => Promise<void>} */
  const row = async (label, expected) => {
    const cells = page
      .locator("#glance table tr", { has: page.getByRole("rowheader", { name: label, exact: true }) })
      .locator("td");
    const texts = (await cells.allInnerTexts()).map((text) => text.replace(/\s*\(best\)/, "").trim());
    if (texts.join("|") !== expected.join("|"))
      faults.push(`${label}: the page says ${texts}, the documents ${expected}`);
  };
  if (runs.length > 0) {
    await row(
      "Faults served from disk",
      runs.map((run) => count(run.faults.majorFrom.store)),
    );
    await row(
      "Pages written to disk",
      runs.map((run) => count(run.counters.mm.device_writes + run.counters.mm.file_writes)),
    );
    await row(
      "Pages read back and equal",
      runs.map((run) => count(run.verified)),
    );
  }
  const sampled = runs.filter((run) => run.series !== undefined);
  if (sampled.length > 0 && (await page.locator("#writes .plot").count()) === 1) {
    // The cursor's words at the ends and in between, as somebody without eyes hears them.
    const { accesses } = sampled[0].series;
    const last = accesses.length - 1;
    for (const [keys, index] of /** @type {[string[], number][]} */ ([
      [["Home"], 0],
      [["End"], last],
      [["Home", ...Array(Math.min(7, last)).fill("ArrowRight")], Math.min(7, last)],
    ])) {
      await page.locator("#writes .plot").focus();
      for (const key of keys) await page.keyboard.press(key);
      const said = await page.locator("#writes .readout").textContent();
      const values = sampled.map((run) => `${run.recipe} ${count(run.series.device.writes[index])}`);
      const expected = `accesses ${count(accesses[index])}: ${values.join(", ")}`;
      if (said !== expected) faults.push(`cursor: the page says "${said}", the documents "${expected}"`);
    }
    // Lines end where their numbers are: in pixels, by the ticks of the axis.
    const [top, ...rest] = await page.locator("#writes .plot svg").evaluate((svg) => {
      const path = [...svg.querySelectorAll('g[aria-label="line"] path')].map((each) => each.getAttribute("d") ?? "");
      return path.map((d) => Number(d.split(/[ML,]/).at(-1)));
    });
    const ends = sampled.map((run) => run.series.device.writes[last]);
    const order = (/** @type {number[]} */ values, /** @type {number} */ sign) =>
      values.map((_, index) => index).sort((a, b) => sign * (values[a] - values[b]) || a - b);
    if (order([top, ...rest], 1).join() !== order(ends, -1).join())
      faults.push("lines do not end in the order of their numbers");
  }
  for (const document of documents) {
    for (const result of document.results ?? []) {
      if (result.allocator === undefined) continue;
      const cells = await page
        .locator('section[id^="density"] > .table tbody tr', { hasText: result.allocator })
        .filter({ hasText: result.compressor })
        .allInnerTexts();
      const ratio = (result.storedPages * 4096) / result.poolBytes;
      if (!cells.some((text) => text.replaceAll("\u00a0", " ").includes(`${ratio.toFixed(2)} : 1`)))
        faults.push(`${result.allocator} with ${result.compressor} has no ratio of ${ratio.toFixed(2)}`);
    }
  }
  return faults;
}

/**
 * Everything that can be used is reached with the Tab key, and answers to keys.
 *
 * @param {import("playwright-core").Page} page
 */
async function keyboardFaults(page) {
  const faults = [];
  await page.evaluate(() => {
    const active = document.activeElement;
    if (active instanceof HTMLElement) active.blur();
    window.scrollTo(0, 0);
  });
  const selector = "a[href], button:not([hidden]), summary, .plot, .table, pre";
  const wanted = await page.evaluate((all) => {
    const usable = [...document.querySelectorAll(all)].filter((element) => element.checkVisibility());
    for (const [index, element] of usable.entries()) element.setAttribute("data-stop", String(index));
    return usable.length;
  }, selector);
  const reached = new Set();
  for (let step = 0; step < wanted + 5; step++) {
    await page.keyboard.press("Tab");
    const { stop, outlined } = await page.evaluate(() => {
      const active = document.activeElement;
      return {
        stop: active?.getAttribute("data-stop") ?? "",
        outlined: active !== null && getComputedStyle(active).outlineStyle !== "none",
      };
    });
    if (stop !== "" && !outlined) faults.push(`stop ${stop} of the Tab key cannot be seen`);
    reached.add(stop);
  }
  const missed = Array.from({ length: wanted }, (_, index) => String(index)).filter((stop) => !reached.has(stop));
  if (missed.length > 0) {
    const names = await page.evaluate(
      (stops) => stops.map((stop) => document.querySelector(`[data-stop="${stop}"]`)?.outerHTML.slice(0, 80)),
      missed,
    );
    faults.push(`the Tab key does not reach ${names.join(" and ")}`);
  }
  const details = page.locator("figure details").first();
  await details.locator("summary").focus();
  await page.keyboard.press("Enter");
  if (!(await details.locator("table").isVisible())) faults.push("Enter does not open the numbers of a chart");
  await page.keyboard.press("Enter");
  const curve = page.locator("figure.lines .plot, figure.layers .plot").first();
  if ((await curve.count()) === 1) {
    await curve.focus();
    await page.keyboard.press("ArrowRight");
    const first = await page.locator("figure.lines .readout, figure.layers .readout").first().textContent();
    await page.keyboard.press("ArrowRight");
    const second = await page.locator("figure.lines .readout, figure.layers .readout").first().textContent();
    if (first === "" || first === second) faults.push("arrow keys do not move the cursor of a chart");
    await page.keyboard.press("Escape");
  }
  return faults;
}

/**
 * The page follows the colours that the system prefers, and its texts stand out.
 *
 * @param {import("playwright-core").Page} page
 * @param {"light" | "dark"} scheme
 */
async function colourFaults(page, scheme) {
  const faults = [];
  const measured = await page.evaluate(() => {
    const texts = ["body", ".subtitle", "nav a", "figcaption p", "summary", ".facts dt", "caption", ".best"];
    const probe = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
    /** @param {string} colour */
    const channels = (colour) => {
      if (probe === null) return [0, 0, 0];
      probe.fillStyle = colour;
      probe.fillRect(0, 0, 1, 1);
      return [...probe.getImageData(0, 0, 1, 1).data.slice(0, 3)];
    };
    /** @param {Element} element */
    const background = (element) => {
      for (let each = /** @type {Element | null} */ (element); each !== null; each = each.parentElement) {
        const colour = getComputedStyle(each).backgroundColor;
        if (colour !== "rgba(0, 0, 0, 0)") return colour;
      }
      return "white";
    };
    return texts.flatMap((selector) => {
      const element = document.querySelector(selector);
      if (element === null) return [];
      return [{ selector, ink: channels(getComputedStyle(element).color), paper: channels(background(element)) }];
    });
  });
  for (const { selector, ink, paper } of measured) {
    const contrast = contrastOf(luminance(ink), luminance(paper));
    if (contrast < CONTRAST_MIN) faults.push(`${scheme}: ${selector} has a contrast of ${contrast.toFixed(1)}`);
  }
  const paper = luminance(measured[0]?.paper ?? [128, 128, 128]);
  if (scheme === "light" ? paper < 0.7 : paper > 0.1) faults.push(`${scheme}: the page is not ${scheme}`);
  return faults;
}

/** @param {number[]} channels */
function luminance(channels) {
  const [red = 0, green = 0, blue = 0] = channels.map((channel) => {
    const part = channel / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @type {(a: number, b: number) => number} */
function contrastOf(a, b) {
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

/** @param {import("playwright-core").Page} page */
async function themeFaults(page) {
  const paper = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const before = await paper();
  await page.locator("#theme").click();
  const turned = await paper();
  await page.locator("#theme").click();
  return before !== turned && (await paper()) === before ? [] : ["the button does not turn the page dark and back"];
}

/**
 * @param {import("playwright-core").Page} page
 * @param {unknown[]} documents
 */
async function downloadFaults(page, documents) {
  const [download] = await Promise.all([page.waitForEvent("download"), page.locator("#download").click()]);
  const saved = JSON.parse(readFileSync(await download.path(), "utf8"));
  const expected = documents.length === 1 ? documents[0] : documents;
  return isDeepStrictEqual(saved, expected) ? [] : ["the saved data is not what was measured"];
}

/** @param {import("playwright-core").Page} page */
async function touchFaults(page) {
  const place = page.locator("figure.lines .plot, figure.layers .plot").first();
  if ((await place.count()) === 0) return [];
  await place.scrollIntoViewIfNeeded();
  await place.tap();
  const said = await page.locator("figure.lines .readout, figure.layers .readout").first().textContent();
  return said === "" ? ["a finger on a chart shows nothing"] : [];
}
