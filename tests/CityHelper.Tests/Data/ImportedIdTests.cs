using CityHelper.Data.Import;
using CityHelper.Data.Model;
using FsCheck;
using FsCheck.Fluent;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Data;

public sealed class ImportedIdTests
{
    [Property]
    public Property An_imported_id_carries_its_millisecond_and_the_bit(int secondsSince2020, NonNull<string> key)
    {
        DateTime created = new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc).AddSeconds(secondsSince2020 % 600_000_000);
        long id = ImportedIds.Wanted(created, key.Get);
        return (
            RequestId.TimeOf(id).UtcDateTime == created && (id & RequestId.ImportedBit) != 0 && id == ImportedIds.Wanted(created, key.Get)
        ).ToProperty();
    }

    [Fact]
    public void An_id_before_2020_is_negative_and_keeps_its_time()
    {
        var created = new DateTime(2018, 10, 21, 4, 0, 0, 123, DateTimeKind.Utc);
        long id = ImportedIds.Wanted(created, "40611598");
        Assert.True(id < 0);
        Assert.Equal(created, RequestId.TimeOf(id).UtcDateTime);
    }

    /// <summary>The ids are stored: if the hash changed, the next import would insert every known city again under other ids.</summary>
    [Theory]
    [InlineData("", "3ccb0937f022010c")]
    [InlineData("40611598", "97d6a08a130eaaf5")]
    public void The_hash_never_changes(string text, string expected) =>
        Assert.Equal(expected, StableHash.Of(text).ToString("x16", System.Globalization.CultureInfo.InvariantCulture));

    [Fact]
    public void Neighbouring_keys_of_one_moment_spread_over_the_hash()
    {
        DateTime created = new(2018, 10, 21, 4, 0, 0, DateTimeKind.Utc);
        int distinct = Enumerable.Range(40_000_000, 1_000).Select(key => ImportedIds.Wanted(created, $"{key}")).Distinct().Count();
        // A thousand keys among two million values: a quarter of a pair collides on average.
        Assert.InRange(distinct, 996, 1_000);
    }

    [Fact]
    public void Texts_do_not_run_into_each_other()
    {
        var one = default(StableHash);
        one.Add("ab");
        one.Add("c");
        var other = default(StableHash);
        other.Add("a");
        other.Add("bc");
        Assert.NotEqual(one.Value, other.Value);
    }
}
