/** Calls `work` for all items, one after the other, and yields to other requests in between; returns the results. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    results.push(await work(item))
    await new Promise(setImmediate) // SQLite responds within the same turn of the event loop
  }
  return results
}
