using CityHelper.Engine.Planning;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class PartitionStatisticsTests
{
    // A year of a thousand keys; the sample found rows with keys from 200 to 700.
    private static readonly PartitionStatistics s_partition = new(0, 1_000, 500) { FirstKey = 200, LastKey = 700 };

    [Theory]
    [InlineData(0, 1_000, 500)]
    [InlineData(long.MinValue, long.MaxValue, 500)]
    [InlineData(0, 200, 0)]
    [InlineData(100, 300, 100)]
    [InlineData(300, 400, 100)]
    [InlineData(650, 750, 100)]
    [InlineData(700, 900, 200)]
    [InlineData(1_000, 2_000, 0)]
    [InlineData(400, 300, 0)]
    public void Rows_of_a_range_are_those_of_its_part_of_the_sampled_keys_and_go_on_behind_them(long low, long high, double rows) =>
        Assert.Equal(rows, s_partition.RowsIn(low, high));

    [Fact]
    public void Without_a_sample_rows_lie_evenly_in_the_partition()
    {
        Assert.Equal(250, new PartitionStatistics(0, 1_000, 500).RowsIn(500, long.MaxValue));
        Assert.Equal(250, new PartitionStatistics(0, 1_000, 500) { FirstKey = 7, LastKey = 7 }.RowsIn(500, long.MaxValue));
    }
}
