using System.Diagnostics;
using System.Globalization;
using CityHelper.IntegrationTests.Proof;
using Npgsql;

namespace CityHelper.IntegrationTests.Attacks;

/// <summary>
/// A database whose table of agencies is a view that can be made to hang, in the two ways in which a statement outlives its limit. Whoever reads an agency's name hangs
/// with it.
/// </summary>
internal static class StuckAgencies
{
    /// <summary>Positions of the comb that says how fast this machine is now: half a second or so.</summary>
    private const int MeasuredPositions = 500;

    /// <summary>
    /// Replaces the table. <c>TRAP</c> catches its cancellation, as code may that cleans up, and can be terminated. <c>GEOS</c> buffers a comb, a valid polygon: GEOS asks
    /// for no interrupt over most of it, so that nothing ends it but itself.
    /// </summary>
    public static async Task InstallAsync(string database) => await ProofHouse.ExecuteAsync(
        database,
        """
        create table attack_switch (kind text not null, size integer not null);
        insert into attack_switch values ('NONE', 0);

        create function comb(positions integer) returns geometry language sql as
        $$
        select st_makepolygon(st_makeline(st_makepoint(x, y) order by i, k))
        from (select i, k, -74 + i * 0.0008 + (array[0, 0.0003, 0.0003, 0.0008])[k] as x, (array[41, 41, 40.1, 40.1])[k] as y
              from generate_series(0, positions / 4 - 1) i, generate_series(1, 4) k
              union all values (-1, 0, -74, 40), (positions, 1, -74 + positions / 4 * 0.0008, 40), (positions, 2, -74, 40)) p
        $$;

        create function hang() returns boolean volatile language plpgsql as
        $$
        declare
            attack attack_switch := (select s from attack_switch s);
            until timestamptz := clock_timestamp() + attack.size * interval '1 second';
        begin
            if attack.kind = 'GEOS' then
                perform st_buffer(comb(attack.size), 1);
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
    /// <param name="kind"><c>NONE</c>, <c>TRAP</c> or <c>GEOS</c>.</param>
    /// <param name="seconds">For how long.</param>
    public static async Task SetAsync(string database, string kind, int seconds = 0)
    {
        double size = kind == "GEOS" ? MeasuredPositions * Math.Sqrt(seconds / await MeasureAsync(database)) : seconds;
        await ProofHouse.ExecuteAsync(database, string.Create(CultureInfo.InvariantCulture, $"update attack_switch set kind = '{kind}', size = {(int)size}"));
    }

    // The work grows with the square of the positions.
    private static async Task<double> MeasureAsync(string database)
    {
        await using NpgsqlDataSource direct = NpgsqlDataSource.Create(database);
        await using NpgsqlCommand buffer = direct.CreateCommand($"select st_npoints(st_buffer(comb({MeasuredPositions}), 1))");

        // The best of three: other programs of the machine may have had it meanwhile.
        var best = TimeSpan.MaxValue;
        for (int i = 0; i < 3; i++)
        {
            long start = Stopwatch.GetTimestamp();
            await buffer.ExecuteScalarAsync();
            TimeSpan took = Stopwatch.GetElapsedTime(start);
            best = took < best ? took : best;
        }

        return best.TotalSeconds;
    }
}
