using System.Diagnostics;
using System.Text;
using CityHelper.Benchmarks.Overload;

namespace CityHelper.Benchmarks.Cache;

/// <summary>What every answer of a round must be: else the round measures something else than its name says.</summary>
/// <param name="Status">The status.</param>
/// <param name="Header">A header line; empty for any head.</param>
internal sealed record ExpectedAnswer(int Status, byte[] Header)
{
    private const int Ok = 200;

    /// <summary>The part of a round's answers that may have another header.</summary>
    public double OthersMax { get; init; }

    /// <summary>From the server's own store.</summary>
    public static ExpectedAnswer Hit { get; } = new(Ok, "Cache-Status: CityHelper; hit\r\n"u8.ToArray());

    /// <summary>The same without its body.</summary>
    public static ExpectedAnswer NotModified { get; } = new(304, Hit.Header);

    /// <summary>Read by the server, and kept in its store.</summary>
    public static ExpectedAnswer Miss { get; } = new(Ok, "Cache-Status: CityHelper; fwd=miss; stored\r\n"u8.ToArray());

    /// <summary>
    /// Read by another server: where no two ask the same of one server at once, that is found in Redis. On a busy machine a call to Redis
    /// may exceed its time; the server reads then.
    /// </summary>
    public static ExpectedAnswer Found { get; } = new(Ok, "Cache-Status: CityHelper; fwd=miss; stored; detail=shared\r\n"u8.ToArray())
    {
        OthersMax = 0.02,
    };

    /// <summary>Any answer with data.</summary>
    public static ExpectedAnswer Any { get; } = new(Ok, []);
}

/// <summary>The answers of a round.</summary>
/// <param name="Count">How many.</param>
/// <param name="Bytes">Bytes of all bodies.</param>
/// <param name="Took">The time from the first request to the last answer.</param>
internal sealed record RoundAnswers(int Count, long Bytes, TimeSpan Took);

/// <summary>Closed-loop clients of one server, each with a connection of its own that stays open between rounds.</summary>
internal sealed class CacheClients(Uri server, int connections) : IDisposable
{
    private readonly Wire[] _wires = [.. Enumerable.Range(0, connections).Select(_ => new Wire(server))];

    /// <summary>The requests of questions.</summary>
    public byte[][] Requests(IEnumerable<CacheQuestion> questions) =>
        [.. questions.Select(question => Wire.Get(new Uri(server, question.Target)))];

    /// <summary>The same with the entity tags of the answers.</summary>
    public byte[][] Requests(IEnumerable<CacheQuestion> questions, IEnumerable<string> etags) =>
        [.. questions.Zip(etags, (question, etag) => Wire.Get(new Uri(server, question.Target), $"If-None-Match: {etag}\r\n"))];

    /// <summary>
    /// Requests of the same length at the one address of the bare server: what differs is what the server does with them.
    /// </summary>
    public byte[][] FloorRequests(IEnumerable<CacheQuestion> questions) =>
        [.. questions.Select(question => Wire.Get(new Uri(server, $"/?{question.Target[2..]}")))];

    /// <summary>Sends requests in turn.</summary>
    /// <param name="requests">The requests.</param>
    /// <param name="count">How many are sent.</param>
    /// <param name="expected">What every answer must be.</param>
    /// <param name="heads">Takes each answer's head with the number of its request; null when nobody asks.</param>
    /// <exception cref="InvalidOperationException">An answer is another one.</exception>
    public async Task<RoundAnswers> SendAsync(
        byte[][] requests, int count, ExpectedAnswer expected, Action<int, string>? heads = null)
    {
        long start = Stopwatch.GetTimestamp();
        int next = -1;
        long bytes = 0;
        int others = 0;
        await Task.WhenAll(_wires.Select(async wire =>
        {
            for (int i = Interlocked.Increment(ref next); i < count; i = Interlocked.Increment(ref next))
            {
                WireAnswer answer = await wire.SendAsync(requests[i % requests.Length], CancellationToken.None);
                bool isOther = wire.Head.IndexOf(expected.Header) < 0;
                if (answer.Status != expected.Status || (isOther && Interlocked.Increment(ref others) > expected.OthersMax * count))
                {
                    throw new InvalidOperationException(
                        $"Expected {expected.Status} with `{Encoding.ASCII.GetString(expected.Header).Trim()}`, but "
                        + $"{Encoding.ASCII.GetString(requests[i % requests.Length])}got {Encoding.ASCII.GetString(wire.Head)}");
                }

                heads?.Invoke(i, Encoding.ASCII.GetString(wire.Head));
                Interlocked.Add(ref bytes, answer.Bytes);
            }
        }));
        return new RoundAnswers(count, bytes, Stopwatch.GetElapsedTime(start));
    }

    public void Dispose() => Array.ForEach(_wires, wire => wire.Dispose());
}
