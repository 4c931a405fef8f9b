using System.Globalization;
using CityHelper.IntegrationTests.Proof;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A database whose table of agencies is a view that can be made to hang, in the two ways in which a statement outlives its limit. Whoever reads an agency's name hangs
/// with it.
/// </summary>
internal static class StuckAgencies
{
    /// <summary>
    /// Replaces the table. <c>TRAP</c> catches its cancellation, as code may that cleans up, and can be terminated. <c>PROGRAM</c> waits for a
    /// program that ignores signals, as deaf as a backend in GEOS is between two of its rare looks, and on every machine for as long: nothing ends it but itself.
    /// </summary>
    public static Task InstallAsync(string database) => ProofHouse.ExecuteAsync(
        database,
        """
        create table attack_switch (kind text not null, size integer not null);
        insert into attack_switch values ('NONE', 0);

        create function hang() returns boolean volatile language plpgsql as
        $$
        declare
            attack attack_switch := (select s from attack_switch s);
            until timestamptz := clock_timestamp() + attack.size * interval '1 second';
        begin
            if attack.kind = 'PROGRAM' then
                execute format('copy (select 1) to program %L', format('trap "" INT TERM; sleep %s', attack.size));
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

    /// <summary>From now on agencies hang.</summary>
    /// <param name="database">The database.</param>
    /// <param name="kind"><c>NONE</c>, <c>TRAP</c> or <c>PROGRAM</c>.</param>
    /// <param name="seconds">For how long.</param>
    public static Task SetAsync(string database, string kind, int seconds = 0) =>
        ProofHouse.ExecuteAsync(database, string.Create(CultureInfo.InvariantCulture, $"update attack_switch set kind = '{kind}', size = {seconds}"));
}
