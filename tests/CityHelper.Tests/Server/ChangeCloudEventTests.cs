using System.Text;
using System.Text.Json.Nodes;
using CityHelper.Data.Changes;
using CityHelper.Server.Changes;
using Xunit;

namespace CityHelper.Tests.Server;

/// <summary>Events become JSON and are read back; whatever is not one is none, and no exception.</summary>
public sealed class ChangeCloudEventTests
{
    public static TheoryData<ChangeKind> Kinds => new(Enum.GetValues<ChangeKind>());

    private static readonly byte[] s_damage = [.. "\"{}[],:-0919eE.\\u nulltrue"u8, 0, 0x80, 0xC0, 0xFF];

    [Theory]
    [MemberData(nameof(Kinds))]
    public void An_event_is_read_as_it_was_written(ChangeKind kind)
    {
        ChangeEvent change = EventExamples.Of(kind) with { RecordedAt = new DateTime(638_000_000_000_000_010, DateTimeKind.Utc) };
        string json = ChangeCloudEvents.ToJson(change, EventExamples.City);
        ChangeEvent read = Parse(json, change.CityId)!;
        Assert.Equal(json, ChangeCloudEvents.ToJson(read, EventExamples.City));
        Assert.Equal(change.Cells, read.Cells);
        Assert.Equal(
            change with { Before = null, After = null },
            read with { Cells = change.Cells, Before = null, After = null }); // Lists compare by reference.
        Assert.Equal((change.Before?.Status, change.Before?.CategoryId, change.Before?.AgencyId),
            (read.Before?.Status, read.Before?.CategoryId, read.Before?.AgencyId));
        Assert.True(change.Before?.Location is not { } point || point.EqualsExact(read.Before!.Location));
        Assert.Equal(change.After?.Location?.SRID, read.After?.Location?.SRID);
    }

    [Theory]
    [MemberData(nameof(Kinds))]
    public void Any_damage_is_an_event_or_none_and_never_an_exception(ChangeKind kind)
    {
        byte[] json = Encoding.UTF8.GetBytes(ChangeCloudEvents.ToJson(EventExamples.Of(kind), EventExamples.City));
        var random = new Random(20_260_301 + (int)kind);
        for (int i = 0; i < 5_000; i++)
        {
            byte[] damaged = [.. json];
            for (int j = random.Next(1, 4); j > 0; j--)
            {
                damaged[random.Next(damaged.Length)] = s_damage[random.Next(s_damage.Length)];
            }

            int length = random.Next(4) == 0 ? random.Next(damaged.Length) : damaged.Length;
            ChangeCloudEventReader.Parse(damaged.AsSpan(0, length), 1);
        }
    }

    [Theory]
    [InlineData("$.id", "\"no uuid\"")]
    [InlineData("$.id", "null")]
    [InlineData("$.type", "\"org.example.request\"")]
    [InlineData("$.time", "\"2026-03-01T12:00:00Z\"")]
    [InlineData("$.subject", "\"U2VydmljZVJlcXVlc3Q6MjoxMjM0NTY3ODkw\"")]
    [InlineData("$.data", "null")]
    [InlineData("$.data.epoch", "0")]
    [InlineData("$.data.n", "1e3")]
    [InlineData("$.data.n", "-1")]
    [InlineData("$.data.cells", "[\"14/1/16384\"]")]
    [InlineData("$.data.cells", "[\"14/01/1\"]")]
    [InlineData("$.data.cells", "[null]")]
    [InlineData("$.data.before.status", "\"GONE\"")]
    [InlineData("$.data.before.category", "\"\"")]
    [InlineData("$.data.before.location", "[1]")]
    [InlineData("$.data.before.location", "[1e999, 0]")]
    [InlineData("$.data.before.location", "[0, 91]")]
    public void A_field_that_is_wrong_makes_it_none(string path, string value)
    {
        JsonNode json = JsonNode.Parse(ChangeCloudEvents.ToJson(EventExamples.Of(ChangeKind.Request), EventExamples.City))!;
        string[] members = path.Split('.')[1..];
        JsonNode owner = members[..^1].Aggregate(json, (node, member) => node[member]!);
        owner[members[^1]] = value.Contains("1e999", StringComparison.Ordinal) ? "HUGE" : JsonNode.Parse(value);
        Assert.Null(Parse(json.ToJsonString().Replace("\"HUGE\"", value, StringComparison.Ordinal), 1));
    }

    [Fact]
    public void An_event_of_another_city_is_none() => Assert.Null(
        Parse(ChangeCloudEvents.ToJson(EventExamples.Of(ChangeKind.Request), EventExamples.City), 2));

    [Fact]
    public void The_largest_event_fits_and_what_is_larger_says_all()
    {
        const long Cell = (29L << 58) | (((1L << 29) - 1) << 29) | ((1L << 29) - 1);
        long[] cells = [.. Enumerable.Repeat(Cell, CityHelper.Data.Limits.EventCellsMax)];
        ChangeEvent largest = EventExamples.Of(ChangeKind.Bulk) with
        {
            Number = long.MaxValue, Epoch = int.MaxValue, Cause = new string('\u0001', 500), Cells = cells,
        };
        string json = ChangeCloudEvents.ToJson(largest, new string('a', CityHelper.Data.Limits.SlugCharsMax));
        Assert.InRange(Encoding.UTF8.GetByteCount(json), cells.Length * 25, CityHelper.Server.Limits.EventBytesMax);
        Assert.Equal(cells, Parse(json, 1)!.Cells);

        foreach (long[] other in new long[][] { [.. cells, cells[0]], [-1], [(14L << 58) | (1L << 14)] })
        {
            ChangeEvent all = Parse(ChangeCloudEvents.ToJson(largest with { Cells = other }, "nyc"), 1)!;
            Assert.Equal((true, 0), (all.IsAll, all.Cells.Count));
        }
    }

    private static ChangeEvent? Parse(string json, short cityId) => ChangeCloudEventReader.Parse(Encoding.UTF8.GetBytes(json), cityId);
}
