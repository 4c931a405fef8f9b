using System.Globalization;
using CityHelper.Data.Statistics;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Counters;

/// <summary>After imports and changes in any order, counters and deltas together equal the rows' own groups.</summary>
public sealed class CounterPropertyTests(PostgresFixture postgres) : CounterFixture(postgres)
{
    private const int Steps = 12;

    private static readonly string[] Statuses = ["Open", "Assigned", "Pending", "Closed", "Cancel", ""];
    private static readonly string[] Types = ["Noise", "Rodent", "Heat"];
    private static readonly string[] Agencies = ["NYPD", "HPD", ""];

    // One cell of zoom 16 twice, two of them in one of zoom 14, another one, none, and beyond the Mercator square.
    private static readonly string[] Places = ["40.75,-73.98", "40.7501,-73.9801", "40.755,-73.985", "40.6,-74.1", ",", "89.5,10.5"];

    // Edges of days, months and years in New York and in UTC; the hour that is skipped and the one that occurs twice.
    private static readonly DateTime[] Moments =
    [
        new(2023, 12, 31, 23, 59, 0),
        new(2024, 1, 1, 0, 0, 0),
        new(2024, 12, 31, 19, 30, 0),
        new(2024, 3, 10, 2, 30, 0),
        new(2024, 3, 10, 3, 30, 0),
        new(2024, 11, 3, 1, 30, 0),
        new(2024, 11, 3, 0, 59, 0),
        new(2024, 6, 30, 23, 59, 0),
        new(2024, 7, 1, 0, 1, 0),
        new(2024, 7, 1, 20, 0, 0),
    ];

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(4)]
    [InlineData(5)]
    [InlineData(6)]
    public async Task Counters_and_deltas_are_the_groups_of_the_rows(int seed)
    {
        var random = new Random(seed);
        string? last = null;
        for (int step = 0; step < Steps; step++)
        {
            switch (random.Next(6))
            {
                case 0 when last is not null:
                    await ImportWatchedAsync(last, batchRows: 2);
                    break;
                case 1:
                    await Counters(compactionRows: 1 + random.Next(20)).CompactAsync(City.Id);
                    break;
                case 2:
                    await MutateAsync(random);
                    break;
                default:
                    last = RandomFile(random);
                    await ImportWatchedAsync(last, new[] { 1, 3, 100 }[random.Next(3)]);
                    break;
            }

            await AssertTrueAsync();
        }

        Assert.NotEqual(["0"], await RowsAsync("select count(*)::text from service_request"));
        await Counters().CompactAsync(City.Id);
        Assert.Equal(0, await DeltasAsync());
        await AssertTrueAsync();
        CounterComparison comparison = await Counters().CompareAsync(City.Id, 10);
        Assert.Equal((true, 0), (comparison.IsCounted, comparison.Differing));
        Assert.Equal([$"{comparison.Counters}"], await RowsAsync(
            "select ((select count(*) from service_request_count) + (select count(*) from service_request_closing_count))::text"));
    }

    /// <summary>A few rows with a random choice of columns; keys recur, also within the file, some with another creation time.</summary>
    private string RandomFile(Random random)
    {
        string[] columns =
        [
            .. new[] { "Agency", "Status", "Closed Date", "Resolution Action Updated Date", "Descriptor" }.Where(_ => random.Next(4) > 0),
        ];
        bool placed = random.Next(4) > 0;
        string[] rows = [.. Enumerable.Range(0, 4 + random.Next(16)).Select(_ => RandomRow(random, columns, placed))];
        return WriteRows(string.Join(',', columns) + (placed ? $"{(columns.Length > 0 ? "," : "")}Latitude,Longitude" : ""), rows);
    }

    private static string RandomRow(Random random, string[] columns, bool placed)
    {
        int key = random.Next(25);
        DateTime created = Moments[(key + (random.Next(10) == 0 ? 1 : 0)) % Moments.Length];
        IEnumerable<string> cells = columns.Select(column =>
            column switch
            {
                "Agency" => Agencies[random.Next(Agencies.Length)],
                "Status" => Statuses[random.Next(Statuses.Length)],
                "Closed Date" => random.Next(3) == 0 ? "" : Told(created.AddMinutes(Math.Pow(10, random.NextDouble() * 5) - 60)),
                "Descriptor" => $"said {random.Next(3)}",
                _ => random.Next(4) == 0 ? "" : Told(created.AddHours(random.Next(100))),
            }
        );
        string row = string.Join(
            ',', cells.Prepend(Types[(key + (random.Next(5) == 0 ? 1 : 0)) % Types.Length]).Prepend(Told(created)).Prepend($"{key}"));
        return placed ? $"{row},{Places[random.Next(Places.Length)]}" : row;
    }

    private static string Told(DateTime local) => local.ToString("MM/dd/yyyy hh:mm:ss tt", CultureInfo.InvariantCulture);

    /// <summary>Another writer: a change of counted values, of others, or a deletion.</summary>
    private async Task MutateAsync(Random random)
    {
        await using NpgsqlConnection connection = await Database.OpenConnectionAsync();
        string key = $"{random.Next(25)}";
        await ChangeAsync(connection, key, new[]
        {
            "status = 'IN_PROGRESS', agency_id = null",
            "closed_at = created_at + interval '90 minutes', status = 'RESOLVED'",
            "location = st_setsrid(st_makepoint(-73.9, 40.7), 4326)",
            "title = 'said nothing'",
        }[random.Next(4)]);
        if (random.Next(3) == 0)
        {
            await using var delete = new NpgsqlCommand(
                """
                with gone as (
                        delete from service_request r where r.city_id = 1 and r.external_id = $1
                        returning r as whole, r.city_id, r.external_id),
                    forgotten as (
                        delete from service_request_external_id e using gone g where e.city_id = 1 and e.external_id = g.external_id)
                select record_service_request_change(whole, null) from gone
                """, connection) { Parameters = { new() { Value = key } } };
            await delete.ExecuteNonQueryAsync();
        }
    }
}
