// A page with one component, for tests that type and click.
import { act, type ReactNode, StrictMode } from "react";
import { createRoot, type Root } from "react-dom/client";
import { vi } from "vitest";

export class Page {
  readonly element = document.createElement("div");
  #root: Root;

  constructor() {
    vi.stubGlobal("IS_REACT_ACT_ENVIRONMENT", true);
    document.body.append(this.element);
    this.#root = createRoot(this.element);
  }

  async show(what: ReactNode): Promise<void> {
    await act(async () => this.#root.render(<StrictMode>{what}</StrictMode>));
  }

  async close(): Promise<void> {
    await act(async () => this.#root.unmount());
    this.element.remove();
  }

  find<Found extends Element = HTMLElement>(selector: string): Found {
    const found = this.element.querySelector<Found>(selector);
    if (!found) throw new Error(`expected ${selector} in ${this.element.innerHTML}`);
    return found;
  }

  /** The button with this text or name; the last one, which is that of an open dialog. */
  button(name: string): HTMLButtonElement {
    const named = (each: Element): boolean => (each.getAttribute("aria-label") ?? each.textContent) === name;
    const found = [...this.element.querySelectorAll("button")].findLast(named);
    if (!found) throw new Error(`expected a button "${name}" in ${this.element.innerHTML}`);
    return found;
  }

  async click(name: string): Promise<void> {
    await act(async () => this.button(name).click());
  }

  /** Type into, or choose of, what a selector finds. */
  async type(selector: string, text: string): Promise<void> {
    const input = this.find<HTMLInputElement>(selector);
    await act(async () => {
      // React reads the value that the element's own setter has set.
      Object.getOwnPropertyDescriptor(Object.getPrototypeOf(input) as object, "value")?.set?.call(input, text);
      input.dispatchEvent(new Event(input.tagName === "SELECT" ? "change" : "input", { bubbles: true }));
    });
  }

  async check(selector: string): Promise<void> {
    await act(async () => this.find(selector).click());
  }

  get text(): string {
    return this.element.textContent ?? "";
  }
}
