using CityHelper.Data.Import;
using CityHelper.IntegrationTests.Postgres;
using Xunit;

namespace CityHelper.IntegrationTests.Import;

public sealed class GeneratedImportTests(PostgresFixture postgres) : ImportFixture(postgres)
{
    [Fact]
    public async Task The_same_seed_twice_changes_nothing()
    {
        ImportSummary first = await GenerateAsync(3_000);
        string before = await ContentAsync();
        ImportSummary again = await GenerateAsync(3_000);
        Assert.Equal((3_000, 0), (first.Inserted, first.Unchanged));
        Assert.Equal((0, 0, 3_000), (again.Inserted, again.Updated, again.Unchanged));
        Assert.Equal(before, await ContentAsync());
    }

    [Fact]
    public async Task More_rows_of_a_seed_begin_with_the_same()
    {
        await GenerateAsync(500);
        ImportSummary more = await GenerateAsync(800);
        Assert.Equal((300, 0, 500), (more.Inserted, more.Updated, more.Unchanged));
    }

    [Fact]
    public async Task Requests_bring_their_histories()
    {
        await GenerateAsync(2_000);
        Assert.Equal(["0"], await RowsAsync(
            """
            select count(*)::text
            from service_request r
            left join lateral (
                select u.status, u.created_at from status_update u
                where u.city_id = r.city_id and u.service_request_id = r.id order by u.id desc limit 1) last on true
            where coalesce(last.status, 'OPEN') <> r.status or coalesce(last.created_at, r.created_at) <> r.updated_at
            """));
        Assert.Equal(["true"], await RowsAsync("select (count(*) > 3000)::text from status_update"));
        Assert.Equal(["true"], await RowsAsync("select (count(*) > count(distinct created_at))::text from service_request"));
    }

    private async Task<ImportSummary> GenerateAsync(int count)
    {
        ImportOutcome outcome = await Importer(batchRows: 700).GenerateAsync(City, new(count, 1, GeneratorOptions.DefaultUntilUtc));
        Assert.Null(outcome.Failure);
        return outcome.Summary!;
    }
}
