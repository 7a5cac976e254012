import { type Call, jsonFor } from './call.ts';
import { listJson, type Page } from './read.ts';
import type { Stored } from './store.ts';
import { tableJson, tableWish } from './table/table.ts';
import type { Presenter } from './watch.ts';

/** Formats an object as the client requested it: as JSON, or as a Table for kubectl. */
export function presentOne(call: Call, stored: Stored): string {
  const wish = wishOf(call);
  if (wish === undefined) return jsonFor(call.kind, stored);
  const metadata = { resourceVersion: stored.object.metadata.resourceVersion };
  return tableJson(call.kind, [stored], metadata, wish, call.engine.clock.wallNow());
}

export function presentPage(call: Call, page: Page): string {
  const wish = wishOf(call);
  if (wish === undefined) return listJson(call, page);
  return tableJson(call.kind, page.items, page.metadata, wish, call.engine.clock.wallNow());
}

/** The formatter for the events of one watch. */
export function presenterOf(call: Call): Presenter {
  const wish = wishOf(call);
  if (wish === undefined) return (stored) => jsonFor(call.kind, stored);
  let first = true;
  return (stored) => {
    const metadata = { resourceVersion: stored.object.metadata.resourceVersion };
    const json = tableJson(call.kind, [stored], metadata, wish, call.engine.clock.wallNow(), first);
    first = false;
    return json;
  };
}

function wishOf(call: Call) {
  return tableWish(call.request.headers.accept ?? '', call.request.query);
}
