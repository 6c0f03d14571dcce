// What happens to the page: it sleeps, loses its network, is hidden and shown again.

/** What the owner of a connection does then. */
export interface PageListener {
  /** The connection may be dead, however open it looks. */
  woke(): void;
  /** Nobody has seen the page for long. */
  hidden(): void;
  shown(): void;
}

/** Watch the page, where there is one; `hiddenAfter` in milliseconds. Return what ends that. */
export function watchPage(listener: PageListener, hiddenAfter: number): () => void {
  if (typeof document === "undefined") return () => undefined;
  const page = document;
  let hiding: ReturnType<typeof setTimeout> | undefined;
  const woke = (): void => listener.woke();
  const turned = (): void => {
    clearTimeout(hiding);
    if (page.visibilityState === "visible") listener.shown();
    else if (hiddenAfter !== Infinity) hiding = setTimeout(() => listener.hidden(), hiddenAfter);
  };
  addEventListener("online", woke);
  addEventListener("pageshow", woke);
  page.addEventListener("visibilitychange", turned);
  if (page.visibilityState === "hidden") turned();
  return () => {
    clearTimeout(hiding);
    removeEventListener("online", woke);
    removeEventListener("pageshow", woke);
    page.removeEventListener("visibilitychange", turned);
  };
}
