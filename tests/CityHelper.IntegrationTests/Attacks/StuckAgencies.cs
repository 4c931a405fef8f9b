using System.Globalization;
using CityHelper.IntegrationTests.Checks;
using Npgsql;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A database whose table of agencies is a view that can hang, in the two ways in which a statement outlives its limit. A statement that
/// reads an agency's name hangs with it.
/// </summary>
internal static class StuckAgencies
{
    /// <summary>
    /// Replaces the table. <c>TRAP</c> catches its cancellation, as cleanup code may, and can be terminated. <c>PROGRAM</c> waits for a
    /// program that ignores signals, like a backend in GEOS between its rare interrupt checks: it ends when <see cref="ReleaseAsync"/>
    /// removes its file.
    /// </summary>
    public static Task InstallAsync(string database) => CheckDatabases.ExecuteAsync(
        database,
        """
        create table attack_switch (kind text not null, size integer not null, file text not null);
        insert into attack_switch values ('NONE', 0, '/tmp/cityhelper-deaf-' || gen_random_uuid());

        create function hang() returns boolean volatile language plpgsql as
        $$
        declare
            attack attack_switch := (select s from attack_switch s);
            until timestamptz := clock_timestamp() + attack.size * interval '1 second';
        begin
            if attack.kind = 'PROGRAM' then
                execute format('copy (select 1) to program %L', format(
                    'trap "" INT TERM; looks=0; while [ -e %s ] && [ $looks -lt %s ]; do sleep 0.1; looks=$((looks + 1)); done',
                    attack.file, 10 * attack.size));
            elsif attack.kind = 'TRAP' then
                while clock_timestamp() < until loop
                    begin
                        perform pg_sleep(extract(epoch from until - clock_timestamp()));
                    exception when query_canceled then
                        null;
                    end;
                end loop;
            end if;

            return true;
        end
        $$;

        alter table agency rename to agency_row;
        create view agency as select a.* from (select hang() as ended offset 0) h, agency_row a where h.ended;
        """);

    /// <summary>Makes agencies hang from now on.</summary>
    /// <param name="database">The database.</param>
    /// <param name="kind"><c>NONE</c>, <c>TRAP</c> or <c>PROGRAM</c>.</param>
    /// <param name="seconds">The longest time.</param>
    public static Task SetAsync(string database, string kind, int seconds = 0) =>
        CheckDatabases.ExecuteAsync(
            database, string.Create(CultureInfo.InvariantCulture, $"update attack_switch set kind = '{kind}', size = {seconds}"));

    /// <summary>Makes the file that <c>PROGRAM</c> waits for, on PostgreSQL's machine; without it such a program ends at once.</summary>
    public static Task HoldAsync(string database) => RunAsync(database, "touch");

    /// <summary>Ends these programs.</summary>
    public static Task ReleaseAsync(string database) => RunAsync(database, "rm -f");

    private static async Task RunAsync(string database, string program)
    {
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand name = direct.CreateCommand("select file from attack_switch");
        await using NpgsqlCommand run = direct.CreateCommand($"copy (select 1) to program '{program} {await name.ExecuteScalarAsync()}'");
        await run.ExecuteNonQueryAsync();
    }
}
