using CityHelper.Data;
using CityHelper.Engine.Space;
using CityHelper.IntegrationTests.Postgres;
using Npgsql;
using Xunit;

namespace CityHelper.IntegrationTests.Reading;

[Collection(PostgresCollection.Name)]
public sealed class CellTests(PostgresFixture postgres)
{
    /// <summary>The covering computed in .NET finds the rows only if SQL assigns them to the same cells.</summary>
    [Fact]
    public async Task Sql_and_dotnet_agree_on_the_cell_of_a_point()
    {
        await using NpgsqlDataSource dataSource = CityHelperDatabase.CreateDataSource(await postgres.CreateDatabaseAsync());
        await using NpgsqlCommand command = dataSource.CreateCommand(
            """
            select x, y, z, public.cell(st_setsrid(st_makepoint(x, y), 4326), z)
            from (select setseed(0.25)) s,
                 lateral (select random() * 360 - 180 as x, random() * 180 - 90 as y from generate_series(1, 20000)
                          union all values (-180, -90), (180, 90), (0, 0), (-180, 85.0511), (180, -85.0511), (0, 85.06)) p,
                 unnest(array[12, 14, 16]) z
            """);
        await using NpgsqlDataReader reader = await command.ExecuteReaderAsync();
        int points = 0;
        while (await reader.ReadAsync())
        {
            points++;
            (double x, double y, int zoom) = (reader.GetDouble(0), reader.GetDouble(1), reader.GetInt32(2));
            Assert.True(
                reader.GetInt64(3) == CellCovering.CellOf(x, y, zoom),
                $"({x:R}, {y:R}) at zoom {zoom}: {reader.GetInt64(3)} in SQL, {CellCovering.CellOf(x, y, zoom)} in .NET");
        }

        Assert.Equal(60_018, points);
    }
}
