// What of a database is the server's and not the backup's: kept when another takes its place, and told where the backup has it otherwise.
import { expect, test } from 'vitest';
import { literal, quote } from '../../lib/postgres/names.ts';
import { undo } from '../../lib/postgres/swap/swap.ts';
import type { PostgresServer } from '../support/postgres.ts';
import { SwapWorld } from './postgres-swap-world.ts';

export function outfitTests(server: () => PostgresServer): void {
  const outfit = `select pg_get_userbyid(datdba) as owner, datconnlimit, datallowconn, datistemplate, shobj_description(oid, 'pg_database') as comment,
    (select json_agg(item order by item) from (select concat_ws(' ', coalesce(r.rolname, 'public'), privilege_type, is_grantable) as item from aclexplode(coalesce(datacl, acldefault('d', datdba)))
      left join (select oid as role, rolname from pg_roles) r on role = grantee) items) as rights,
    (select json_agg(concat_ws(' ', coalesce(rolname, 'all'), item) order by rolname, item) from pg_db_role_setting s left join pg_roles r on r.oid = setrole
      cross join unnest(setconfig) item where setdatabase = d.oid) as settings from pg_database d where datname = `;
  const outfitOf = async (name: string) => (await server().sql(outfit + literal(name)))[0];

  const before = `alter database NAME set timezone to 'Europe/Oslo'; alter database NAME set search_path to public, "odd schema";
    alter database NAME set "app.secret" to 'of the backup'; alter database NAME set work_mem to '8MB';
    alter role clerk in database NAME set statement_timeout to '5s'; alter database NAME connection limit 7;
    comment on database NAME is 'as it was'; grant connect on database NAME to stranger`;
  const since = `alter database NAME set timezone to 'UTC'; alter database NAME set search_path to '';
    alter database NAME set "app.secret" to E'it''s \\\\ a secret'; alter database NAME reset work_mem;
    alter role clerk in database NAME reset all; alter role "odd ""role" in database NAME set search_path to "$user", 'a, b', public;
    alter database NAME set temp_tablespaces to ''; alter database NAME connection limit 40; comment on database NAME is E'now\\nand ''here''';
    revoke connect on database NAME from public; revoke connect on database NAME from stranger;
    grant create, temporary on database NAME to "odd ""role" with grant option; grant connect on database NAME to clerk`;

  test.each([
    ['since the backup', before, since],
    ['before the backup, and taken away since', since, before],
  ])(
    'settings, rights, owner, limit and comment of the server stay: those given %s',
    async (_, first, then) => {
      const world = await SwapWorld.make(server(), { setUp: first });
      await world.sql(`alter database ${quote(world.name)} reset all`);
      await world.sql(then.replaceAll('NAME', quote(world.name)));
      const was = await outfitOf(world.name);
      const { undo: kept = '', differences, notCarried } = await world.restore({}, { user: 'postgres' });
      expect(notCarried).toEqual([]);
      expect(await outfitOf(world.name)).toEqual(was);
      expect(differences).toContain('setting app.secret');
      expect(differences).toContain('connection limit');
      expect(differences.join()).not.toMatch(/secret'|of the backup|a secret/);
      expect(differences.filter((each) => each.startsWith('right'))).not.toEqual([]);
      // Whatever is changed of the new one, the old one comes back as it was.
      await world.sql(
        `alter database ${world.name} connection limit 3; comment on database ${world.name} is 'new'`,
      );
      await world.withPlace((place) => undo(place, kept, { others: 'refuse' }), { user: 'postgres' });
      expect(await outfitOf(world.name)).toEqual(was);
    },
  );

  test('a role that may not set all of it puts the database in place, and says what is left to do', async () => {
    const world = await SwapWorld.make(server());
    await world.sql(`alter database ${world.name} set log_min_duration_statement to '1s'`);
    await world.sql(`alter role clerk in database ${world.name} set statement_timeout to '5s'`);
    const { notCarried } = await world.restore();
    expect(notCarried.toSorted()).toEqual([
      expect.stringMatching(/^setting log_min_duration_statement: permission denied/),
      expect.stringMatching(/^setting statement_timeout of clerk: /),
    ]);
    expect(await world.bags()).toEqual(['old']);
  });

  test('a database that takes nobody, and one that is a template, stay so', async () => {
    const world = await SwapWorld.make(server());
    await server().sql(
      `alter database ${world.name} allow_connections false; alter database ${world.name} is_template true`,
    );
    const { undo: kept = '' } = await world.restore();
    expect(await outfitOf(world.name)).toMatchObject({
      datallowconn: false,
      datistemplate: true,
      owner: 'app',
    });
    await world.withPlace((place) => undo(place, kept, { others: 'refuse' }));
    expect(await outfitOf(world.name)).toMatchObject({ datallowconn: false, datistemplate: true });
  });

  test('where none was, it has what its backup has', async () => {
    const world = await SwapWorld.make(server(), { setUp: before });
    const was = await outfitOf(world.name);
    await server().sql(`drop database ${world.name}`);
    await world.restore({}, { user: 'postgres' });
    expect(await outfitOf(world.name)).toEqual(was);
  });

  test('one from before that a person gave its name back by hand has the comment of people', async () => {
    const world = await SwapWorld.make(server());
    await world.sql(`comment on database ${world.name} is 'of people'`);
    const { undo: kept = '' } = await world.restore();
    await server().sql(`drop database ${world.name}`);
    await server().sql(`alter database ${kept} rename to ${world.name}`);
    world.clock.advance(60_000);
    await world.restore();
    expect(await outfitOf(world.name)).toMatchObject({ comment: 'of people' });
  });

  test.each([
    ['quotes, spaces and signs', `a b"c'd\\e=%s&ü€`],
    ['what looks like an address', 'postgresql://x@y/z?a=b'],
    ['63 bytes, of which letters have three', '€'.repeat(21)],
    ['63 letters', 'b'.repeat(63)],
  ])('a name of %s', async (_, called) => {
    const world = await SwapWorld.make(server(), { called });
    const { undo: kept = '' } = await world.restore();
    expect(await world.bags()).toEqual(['old']);
    world.clock.advance(1000);
    await world.withPlace((place) => undo(place, kept, { others: 'refuse' }));
    expect(await world.bags()).toEqual(['old', 'newer']);
    expect(await world.databases()).toHaveLength(2);
  });

  test('two in one second have two names', async () => {
    const world = await SwapWorld.make(server());
    const [first, second] = [await world.restore(), await world.restore()];
    expect(second.undo).toBe(`${first.undo}_2`);
    expect((await world.look()).undo.map(({ name }) => name)).toEqual([second.undo, first.undo]);
  });
}
