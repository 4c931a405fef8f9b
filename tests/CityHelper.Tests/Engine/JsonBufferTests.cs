using System.Globalization;
using System.Text.Json;
using CityHelper.Engine.Admission;
using CityHelper.Engine.Execution;
using FsCheck;
using FsCheck.Xunit;
using Xunit;

namespace CityHelper.Tests.Engine;

public sealed class JsonBufferTests
{
    [Property(MaxTest = 1_000)]
    public bool Any_string_reads_back_as_it_was_written(NonNull<string> text)
    {
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        WriteString(buffer, System.Text.Encoding.UTF8.GetBytes(text.Get));

        // A lone surrogate is no text; UTF-8 replaces it, as every encoder does.
        string expected = System.Text.Encoding.UTF8.GetString(System.Text.Encoding.UTF8.GetBytes(text.Get));
        return JsonDocument.Parse(buffer.ToArray()).RootElement.GetString() == expected;
    }

    [Property(MaxTest = 1_000)]
    public bool Any_finite_number_reads_back_as_it_was_written(NormalFloat number)
    {
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        buffer.WriteNumber(number.Get);
        return JsonDocument.Parse(buffer.ToArray()).RootElement.GetDouble().Equals(number.Get);
    }

    [Fact]
    public void Strings_longer_than_the_first_array_and_full_of_escapes_survive()
    {
        string text = string.Concat(Enumerable.Repeat("\"\\\n\u0001ü😀", 5_000));
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        WriteString(buffer, System.Text.Encoding.UTF8.GetBytes(text));
        Assert.Equal(text, JsonDocument.Parse(buffer.ToArray()).RootElement.GetString());
    }

    [Fact]
    public void Bytes_that_are_no_utf8_become_replacement_characters_not_a_broken_answer()
    {
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        WriteString(buffer, [0x41, 0xFF, 0x42]);
        Assert.Equal("A\uFFFDB", JsonDocument.Parse(buffer.ToArray()).RootElement.GetString());
    }

    [Fact]
    public void Cutting_back_drops_what_came_after()
    {
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        buffer.WriteRaw("[1"u8);
        int length = buffer.Length;
        buffer.WriteRaw(",{\"a\":"u8);
        buffer.CutBackTo(length);
        buffer.WriteByte((byte)']');
        Assert.Equal("[1]", System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    [Fact]
    public void Time_is_written_as_utc_with_three_digits()
    {
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        buffer.WriteUtc(DateTime.Parse("2018-10-21T04:05:06.0789Z", CultureInfo.InvariantCulture, DateTimeStyles.AdjustToUniversal));
        Assert.Equal("\"2018-10-21T04:05:06.078Z\"", System.Text.Encoding.UTF8.GetString(buffer.ToArray()));
    }

    // As a reader of rows does: the bytes are put in place, then the string is ended.
    private static void WriteString(JsonBuffer buffer, byte[] utf8)
    {
        utf8.CopyTo(buffer.BeginString(utf8.Length));
        buffer.FinishString(utf8.Length);
    }
}
