using CityHelper.Data.Cities;
using CityHelper.Data.Import;
using CityHelper.Data.Import.NewYork;
using CityHelper.Data.Model;
using Xunit;

namespace CityHelper.Tests.Data;

public sealed class NewYorkGeneratorTests
{
    private static readonly DateTime Until = GeneratorOptions.DefaultUntilUtc;

    private static readonly ImportRow[] Rows = Make(seed: 1, 20_000);

    [Fact]
    public void The_same_seed_makes_the_same_rows()
    {
        ImportRow[] again = Make(seed: 1, 2_000);
        Assert.Equal(Rows.Take(2_000).Select(ContentHash.Of), again.Select(ContentHash.Of));
        Assert.Equal(Rows.Take(2_000).SelectMany(row => row.History), again.SelectMany(row => row.History));
    }

    /// <summary>The rows are the same on every machine and version. When this fails, raise the version in the feed's fingerprint.</summary>
    [Fact]
    public void The_rows_are_those_of_yesterday()
    {
        var hash = default(StableHash);
        foreach (ImportRow row in Rows)
        {
            hash.Add(ContentHash.Of(row));
        }

        Assert.Equal("9f8d964a15222849", hash.Value.ToString("x16", System.Globalization.CultureInfo.InvariantCulture));
    }

    [Fact]
    public void Another_seed_makes_other_requests() =>
        Assert.Empty(Rows.Select(row => row.ExternalId).Intersect(Make(seed: 2, 1_000).Select(row => row.ExternalId)));

    [Fact]
    public void Keys_are_unique() => Assert.Equal(Rows.Length, Rows.Select(row => row.ExternalId).Distinct().Count());

    [Fact]
    public void One_or_two_in_a_hundred_have_no_place() =>
        Assert.InRange(Rows.Count(row => row.Longitude is null) / (double)Rows.Length, 0.01, 0.02);

    [Fact]
    public void Some_share_a_millisecond() =>
        Assert.True(Rows.GroupBy(row => row.CreatedAt).Count(moment => moment.Count() > 1) >= Rows.Length / 100);

    [Fact]
    public void They_lie_in_the_three_years_before_and_in_the_city()
    {
        Assert.All(Rows, row => Assert.InRange(row.CreatedAt, Until.AddDays(-3 * 366), Until));
        CityFacts facts = NewYork.Facts;
        Assert.All(Rows.Where(row => row.Longitude is not null), row =>
        {
            Assert.InRange(row.Longitude!.Value, facts.West, facts.East);
            Assert.InRange(row.Latitude!.Value, facts.South, facts.North);
        });
    }

    [Fact]
    public void A_history_is_in_order_and_ends_where_the_request_stands() =>
        Assert.All(Rows, row =>
        {
            DateTime[] times = [.. row.History.Select(change => change.At).Prepend(row.CreatedAt)];
            Assert.Equal(times.Order(), times);
            Assert.True(times[^1] <= Until);
            Assert.Equal(row.History.Count == 0 ? ServiceRequestStatus.Open : row.History[^1].Status, row.Status);
            Assert.Equal(row.Status is ServiceRequestStatus.Closed or ServiceRequestStatus.Cancelled or ServiceRequestStatus.Duplicate,
                row.ClosedAt is not null);
        });

    [Fact]
    public void Types_have_a_long_tail_and_places_have_hot_spots()
    {
        int[] types = [.. Rows.GroupBy(row => row.TypeName).Select(type => type.Count()).OrderDescending()];
        Assert.True(types.Length > 40);
        Assert.True(types[0] > 100 * types[^1]);
        Assert.True(Rows.GroupBy(row => (row.Longitude, row.Latitude)).Where(p => p.Key.Longitude is not null).Max(p => p.Count()) > 40);
    }

    private static ImportRow[] Make(int seed, int count)
    {
        var generator = new NewYorkGenerator(seed, Until);
        return [.. Enumerable.Range(0, count).Select(generator.Row)];
    }
}
