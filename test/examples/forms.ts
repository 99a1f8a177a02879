// Forms of a page, sent by hand: whatever hidden fields a framework puts into them, and however it wants them sent.

import type { Browser, Page } from "../browser/driver.ts";

export interface Form {
  readonly action: string;
  readonly isMultipart: boolean;
  readonly fields: Readonly<Record<string, string>>;
}

/** Reads forms out of HTML as a browser without JavaScript understands it. */
export interface FormReader {
  /** The form of the button with this text, its action resolved against `address`. */
  read(html: string, button: string, address: string): Promise<Form>;
}

export async function formReader(browser: Browser): Promise<FormReader> {
  const page: Page = await browser.newPage({ javaScriptEnabled: false });
  return {
    async read(html, button, address) {
      await page.setContent(html);
      const { action, isMultipart, fields } = await page
        .getByRole("button", { name: button, exact: true })
        .evaluate((element) => {
          const form = element.closest("form") ?? document.createElement("form");
          return {
            action: form.getAttribute("action") ?? "",
            isMultipart: form.enctype === "multipart/form-data",
            fields: Array.from(new FormData(form), ([name, value]) => [name, String(value)]),
          };
        });
      return {
        action: new URL(action, address).href,
        isMultipart,
        fields: Object.fromEntries(fields) as Record<string, string>,
      };
    },
  };
}

/** The form as `fetch` sends it, with values in place of its own. */
export function bodyOf(form: Form, values: Readonly<Record<string, string>> = {}): BodyInit {
  const fields = Object.entries({ ...form.fields, ...values });
  if (!form.isMultipart) return new URLSearchParams(fields);
  const body = new FormData();
  for (const [name, value] of fields) body.append(name, value);
  return body;
}
