// HTML by tagged templates: what is put in is escaped, unless it was made here.

/** Markup that is safe to stand in a page. */
export class Html {
  constructor(readonly text: string) {}
}

type Content = Html | string | number | undefined | readonly Content[];

/** Makes markup. Texts and numbers are escaped, lists are joined, `undefined` is nothing. */
export function html(markup: TemplateStringsArray, ...contents: readonly Content[]): Html {
  let text = markup[0]!;
  for (const [index, content] of contents.entries()) text += textOf(content) + markup[index + 1]!;
  return new Html(text);
}

/** JSON that may stand in a `script` element. */
export function scriptJson(value: unknown): Html {
  return new Html(JSON.stringify(value).replaceAll("<", "\\u003c"));
}

function textOf(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (typeof content === "object") return content.map(textOf).join("");
  return String(content).replace(/[&<>"']/g, (character) => ENTITIES[character]!);
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A text of a report: what stands between two backticks is a name. */
export function inline(text: string): Html {
  const pieces = text.split("`");
  return html`${pieces.map((piece, index) => (index % 2 === 0 ? piece : html`<b class="name">${piece}</b>`))}`;
}
