using CityHelper.Engine.Execution;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Caching;

/// <summary>The answer of one execution, for all who wait for it. Immutable.</summary>
/// <param name="body">The response's JSON.</param>
/// <param name="result">The rest of the response; its own body is not used.</param>
/// <param name="stored">The same with its headers, for caches; null when they must not keep it.</param>
/// <param name="madeAt">When it was made, as a timestamp.</param>
internal sealed class SharedAnswer(byte[] body, OperationResult result, StoredAnswer? stored, long madeAt)
{
    public StoredAnswer? Stored => stored;

    public long MadeAt => madeAt;

    /// <summary>The name of the tenant that it reads; null for none, and for several.</summary>
    public string? TenantName { get; init; }

    /// <summary>How whoever asked for it first came by it.</summary>
    public AnswerOrigin Origin { get; init; }

    /// <summary>The bytes that it takes in memory, about.</summary>
    public int Bytes => body.Length + Limits.StoredAnswerBytes;

    /// <summary>
    /// Whether it failed by time or database: asked again at once it would most likely fail again, and cost as much. A refusal is none.
    /// </summary>
    public bool IsFailure => result.Errors.Any(error => error is RequestTimeoutError or DatabaseUnavailableError or CountTimeoutError);

    /// <summary>A copy for one caller; without a body when the answer is kept, and sent from there.</summary>
    /// <param name="memory">Counts the caller's bytes.</param>
    /// <exception cref="ResponseRefusedException">There is no memory for it.</exception>
    public OperationResult CopyFor(MemoryLease memory)
    {
        if (stored is { IsKept: true })
        {
            return result.Over(new JsonBuffer(MemoryLease.Uncounted));
        }

        var json = new JsonBuffer(memory);
        try
        {
            json.WriteRaw(body);
            return result.Over(json);
        }
        catch
        {
            json.Dispose();
            throw;
        }
    }
}

/// <summary>How a request that found no valid answer in the store came by one.</summary>
internal enum AnswerOrigin
{
    /// <summary>It was executed.</summary>
    Executed,

    /// <summary>Another request's execution made it.</summary>
    Joined,

    /// <summary>Another server's execution made it, and it was found where servers share.</summary>
    Shared,
}
