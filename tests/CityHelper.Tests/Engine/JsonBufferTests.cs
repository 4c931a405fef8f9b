using System.Globalization;
using System.Text.Json;
using CityHelper.Engine;
using CityHelper.Engine.Writing;
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

        // A lone surrogate is not valid text; UTF-8 encoders replace it.
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

    /// <summary>Compares the buffer with one array, with lengths around those of the buffer's own arrays.</summary>
    [Property(MaxTest = 200)]
    public bool Any_sequence_of_writes_cuts_and_copies_is_as_in_one_array(int seed)
    {
        var dice = new Random(seed);
        using var buffer = new JsonBuffer(MemoryLease.Uncounted);
        List<byte> expected = [];
        for (int i = 0; i < 40; i++)
        {
            byte[] bytes = new byte[Length(dice)];
            dice.NextBytes(bytes);
            switch (dice.Next(5))
            {
                case 0:
                    int length = dice.Next(expected.Count + 1);
                    buffer.CutBackTo(length);
                    expected.RemoveRange(length, expected.Count - length);
                    break;
                case 1:
                    Array.Fill(bytes, (byte)'a');
                    WriteString(buffer, bytes);
                    expected.AddRange([(byte)'"', .. bytes, (byte)'"']);
                    break;
                case 2:
                    using (JsonBuffer other = Filled(bytes, dice))
                    {
                        int from = dice.Next(bytes.Length + 1);
                        int to = dice.Next(from, bytes.Length + 1);
                        buffer.WriteRange(other, from, to);
                        expected.AddRange(bytes[from..to]);
                    }

                    break;
                case 3:
                    using (JsonBuffer other = Filled(bytes, dice))
                    {
                        int from = dice.Next(bytes.Length + 1);
                        buffer.TakeOver(other, from);
                        expected.AddRange(bytes[from..]);
                        Assert.Equal(0, other.Length);
                    }

                    break;
                default:
                    buffer.WriteRaw(bytes);
                    expected.AddRange(bytes);
                    break;
            }

            Assert.Equal(expected.Count, buffer.Length);
        }

        return buffer.ToArray().AsSpan().SequenceEqual(expected.ToArray());
    }

    /// <summary>The counters return to zero however a response ends, and never count less than is held.</summary>
    [Property(MaxTest = 100)]
    public bool What_is_held_is_counted_and_returned(int seed)
    {
        var dice = new Random(seed);
        var server = new ResponseMemory();
        ConnectionResponses connection = server.OpenConnection();
        using (MemoryLease lease = connection.TryBegin()!)
        {
            var rows = new JsonBuffer(lease);
            var answer = new JsonBuffer(lease);
            for (int i = 0; i < 8; i++)
            {
                rows.WriteRaw(new byte[Length(dice)]);
                answer.WriteRange(rows, 0, rows.Length);
                Assert.InRange(server.Held, rows.Length + answer.Length, long.MaxValue);
                Assert.Equal(server.Held, connection.Held);
            }

            if (dice.Next(2) == 0)
            {
                answer.TakeOver(rows, 0);
                Assert.InRange(server.Held, answer.Length, long.MaxValue);
            }

            if (dice.Next(2) == 0)
            {
                rows.Dispose();
                answer.Dispose();
                Assert.Equal(0, server.Held);
            }
        }

        return server.Held == 0 && connection.Held == 0;
    }

    [Fact]
    public async Task Sending_gives_each_array_back_when_its_bytes_were_taken()
    {
        var server = new ResponseMemory();
        using MemoryLease lease = server.OpenConnection().TryBegin()!;
        byte[] bytes = new byte[1_000_000];
        new Random(1).NextBytes(bytes);
        var buffer = new JsonBuffer(lease);
        buffer.WriteRaw(bytes);
        long before = server.Held;
        using var sent = new WatchedStream(written => Assert.InRange(server.Held, 0, before - written + 2 * Limits.ResponsePieceBytes));
        await buffer.SendAsync(sent, CancellationToken.None);
        Assert.Equal(bytes, sent.ToArray());
        Assert.Equal((0L, 0), (server.Held, buffer.Length));
    }

    [Fact]
    public void The_larger_an_answer_is_the_earlier_there_is_no_room_for_it()
    {
        var server = new ResponseMemory();
        List<MemoryLease> slow = [];
        Fill(server, slow, Limits.ResponseBytesMax);
        Assert.InRange(server.Held, Limits.ResponseMemoryForLargeBytes - Limits.ResponseBytesMax, Limits.ResponseMemoryForLargeBytes);
        Fill(server, slow, Limits.ResponseMemoryOrdinaryBytes);
        Assert.InRange(
            server.Held, Limits.ResponseMemoryForOrdinaryBytes - Limits.ResponseMemoryOrdinaryBytes, Limits.ResponseMemoryForOrdinaryBytes);
        Fill(server, slow, Limits.ResponseMemorySmallBytes);
        Assert.InRange(server.Held, Limits.ResponseMemoryBytes - Limits.ResponseMemorySmallBytes, Limits.ResponseMemoryBytes);
        Assert.Null(server.OpenConnection().TryBegin());

        slow.ForEach(lease => lease.Dispose());
        Assert.Equal(0, server.Held);
        Assert.Equal(Limits.ResponseMemoryBytes, server.TakeRecentPeak());
        Assert.NotNull(server.OpenConnection().TryBegin());
    }

    [Fact]
    public void A_connection_has_room_for_the_largest_answer_and_not_for_three()
    {
        var server = new ResponseMemory();
        ConnectionResponses connection = server.OpenConnection();
        List<MemoryLease> leases = [connection.TryBegin()!, connection.TryBegin()!, connection.TryBegin()!];
        leases[0].Take(Limits.ResponseBytesMax);
        leases[1].Take(Limits.ResponseBytesMax);
        ResponseMemoryException refused = Assert.Throws<ResponseMemoryException>(() => leases[2].Take(Limits.ResponseBytesMax));
        Assert.Equal("OVERLOADED", refused.Error.Code);
        server.OpenConnection().TryBegin()!.Take(Limits.ResponseBytesMax);
        leases.ForEach(lease => lease.Dispose());
        Assert.Equal(0, connection.Held);
    }

    // Responses of the given size, each on its own connection, until the memory is full.
    private static void Fill(ResponseMemory server, List<MemoryLease> slow, int bytes)
    {
        while (server.OpenConnection().TryBegin() is { } lease)
        {
            try
            {
                lease.Take(bytes);
                slow.Add(lease);
            }
            catch (ResponseMemoryException)
            {
                return;
            }
        }
    }

    private static JsonBuffer Filled(byte[] bytes, Random dice)
    {
        var buffer = new JsonBuffer(MemoryLease.Uncounted);
        for (int done = 0; done < bytes.Length;)
        {
            int next = Math.Min(bytes.Length - done, 1 + dice.Next(50_000));
            buffer.WriteRaw(bytes.AsSpan(done, next));
            done += next;
        }

        return buffer;
    }

    private static int Length(Random dice) => dice.Next(4) switch
    {
        0 => dice.Next(10),
        1 => Limits.ResponseFirstBytes - 2 + dice.Next(5),
        2 => Limits.ResponsePieceBytes - 2 + dice.Next(5),
        _ => dice.Next(100_000),
    };

    private sealed class WatchedStream(Action<long> written) : MemoryStream
    {
        public override ValueTask WriteAsync(ReadOnlyMemory<byte> buffer, CancellationToken cancellationToken = default)
        {
            Assert.InRange(buffer.Length, 0, Limits.ResponsePieceBytes);
            written(Length);
            return base.WriteAsync(buffer, cancellationToken);
        }
    }

    // As the row reader does: copies the bytes into the buffer, then finishes the string.
    private static void WriteString(JsonBuffer buffer, byte[] utf8)
    {
        utf8.CopyTo(buffer.BeginString(utf8.Length));
        buffer.FinishString(utf8.Length);
    }
}
