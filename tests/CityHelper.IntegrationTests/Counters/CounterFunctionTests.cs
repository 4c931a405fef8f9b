using System.Numerics;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>The functions that assign a request to its counters.</summary>
public sealed class CounterFunctionTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const int LastBucket = 241;

    /// <summary>1.1^i seconds is 11^i / 10^i: compared in whole numbers, at the microseconds below, at and above every edge.</summary>
    [Fact]
    public async Task Buckets_of_closing_times_are_exact_at_every_edge()
    {
        long[] microseconds =
        [
            .. Enumerable.Range(0, LastBucket).Select(Edge).SelectMany(edge => new[] { edge - 1, edge, edge + 1 }),
            0, 1, -1, -86_400_000_000, 999_999, 1_000_000, 1_000_001, 1_100_000, 1_210_000, 1_771_561, Edge(240) * 2,
        ];
        await using NpgsqlCommand command = Database.CreateCommand(
            """
            select us, closing_bucket(made, made + us * interval '1 microsecond')
            from unnest($1) us, (select timestamptz '2001-02-03 04:05:06.789+00' as made) m
            """);
        command.Parameters.Add(new() { Value = microseconds });
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        int read = 0;
        while (await reader.ReadAsync())
        {
            Assert.Equal((reader.GetInt64(0), Bucket(reader.GetInt64(0))), (reader.GetInt64(0), (int)reader.GetInt16(1)));
            read++;
        }

        Assert.Equal(microseconds.Length, read);
    }

    [Fact]
    public void The_middle_of_a_bucket_is_never_a_twentieth_away()
    {
        for (int bucket = 1; bucket < LastBucket; bucket++)
        {
            double upper = Math.Pow(1.1, bucket);
            double middle = 2 * upper / 2.1;
            Assert.InRange(Math.Abs(middle - upper) / upper, 0, (1 / 21.0) + 1e-12);
            Assert.InRange(Math.Abs(middle - (upper / 1.1)) / (upper / 1.1), 0, (1 / 21.0) + 1e-12);
        }
    }

    [Fact]
    public async Task Without_a_closing_time_there_is_no_bucket() =>
        Assert.Equal(["-"], await RowsAsync("select closing_bucket(now(), null)::text"));

    [Fact]
    public async Task The_parent_of_a_cell_is_the_cell_of_the_coarser_zoom()
    {
        Assert.Equal(["20000|0"], await RowsAsync(
            """
            select count(*)::text, (count(*) filter (where cell_parent(cell(point, fine), coarse) <> cell(point, coarse)))::text
            from (
                select st_setsrid(st_makepoint(random() * 360 - 180, random() * 180 - 90), 4326) as point,
                    fine, floor(random() * (fine + 1))::int as coarse
                from generate_series(1, 20000) n, lateral (select 1 + n % 16 as fine) f
            ) points
            """));
        // In one city, where neighbours share cells, and for the stored zooms.
        Assert.Equal(["0"], await RowsAsync(
            """
            select (count(*) filter (
                where cell_parent(cell(point, 16), 14) <> cell(point, 14) or cell_parent(cell(point, 16), 0) <> 0))::text
            from (
                select st_setsrid(st_makepoint(-74 + random() / 3, 40.6 + random() / 3), 4326) as point
                from generate_series(1, 20000)) points
            """));
    }

    private static long Edge(int bucket) => (long)(BigInteger.Pow(11, bucket) * 1_000_000 / BigInteger.Pow(10, bucket));

    // By the definition, one bucket after another.
    private static int Bucket(long microseconds)
    {
        int bucket = 0;
        while (bucket < LastBucket && microseconds * BigInteger.Pow(10, bucket) > BigInteger.Pow(11, bucket) * 1_000_000)
        {
            bucket++;
        }

        return bucket;
    }
}
