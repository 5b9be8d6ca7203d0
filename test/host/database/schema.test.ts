import { expect, it } from 'vitest';
import { forEachEngine, testDatabase } from '#test/support/databases.ts';

forEachEngine((engine) => {
  it('has tables exactly as the entities say', async () => {
    const { database } = await testDatabase(engine);
    const difference = await database.dataSource.driver.createSchemaBuilder().log();
    expect(difference.upQueries.map(({ query }) => query)).toEqual([]);
  });
});
