/** Results of `work` on each of `items`, one after the other; in between, others are served. */
export async function inTurn<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = []
  for (const item of items) {
    results.push(await work(item))
    await new Promise(setImmediate) // SQLite answers within the same turn of the event loop
  }
  return results
}
