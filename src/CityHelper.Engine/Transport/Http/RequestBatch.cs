using System.Text.Json;
using CityHelper.Engine.Cost;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Transport.Http;

/// <summary>A JSON array of requests, answered as a JSON array in the same order.</summary>
internal static class RequestBatch
{
    /// <summary>Checks a batch before any of its requests is read.</summary>
    /// <param name="batch">The array.</param>
    /// <param name="hasId">Whether the URL names an operation, which a batch cannot run.</param>
    /// <param name="requestsMax">Requests that it may hold; 0 when batches are off.</param>
    public static RequestError? Check(JsonElement batch, bool hasId, int requestsMax) =>
        batch.GetArrayLength() switch
        {
            _ when requestsMax == 0 || hasId => new RequestInvalidError("Invalid GraphQL Request."),
            0 => new RequestInvalidError("The GraphQL batch request has no elements."),
            var count when count > requestsMax => new RequestInvalidError(
                $"The batch size exceeds the maximum allowed batch size of {requestsMax}."),
            _ => null,
        };

    /// <summary>Runs the requests one after the other: a batch holds one connection and one response's memory at a time.</summary>
    /// <param name="batch">The array.</param>
    /// <param name="memory">Counts the bytes of the responses.</param>
    /// <param name="answer">Runs one request as if it had come alone, given the cost of those before it.</param>
    /// <returns>The array of responses; those that no longer fit <see cref="Limits.ResponseBytesMax"/> are replaced by a refusal.</returns>
    public static async Task<OperationResult> AnswerAsync(
        JsonElement batch, MemoryLease memory, Func<JsonElement, CostMetrics, Task<OperationResult>> answer)
    {
        var json = new JsonBuffer(memory);
        List<RequestError> errors = [];
        List<Func<RequestError, OperationResult>> shortened = [];
        bool hasWritten = false;
        CostMetrics spent = default;
        foreach (JsonElement element in batch.EnumerateArray())
        {
            json.WriteByte((byte)(json.Length == 0 ? '[' : ','));
            using OperationResult one = await answer(element, spent);
            spent += one.Cost;
            errors.AddRange(one.Errors);
            hasWritten |= one.HasWritten;
            shortened.Add(one.Shortened ?? (error => OperationResult.Refused(error)));
            Append(json, one, errors);
        }

        json.WriteByte((byte)']');
        return OperationResult.Batch(json, errors, hasWritten ? error => Shortened(shortened, error) : null);
    }

    private static OperationResult Shortened(IEnumerable<Func<RequestError, OperationResult>> parts, RequestError error)
    {
        var json = new JsonBuffer(MemoryLease.Uncounted);
        foreach (Func<RequestError, OperationResult> part in parts)
        {
            json.WriteByte((byte)(json.Length == 0 ? '[' : ','));
            using OperationResult one = part(error);
            json.TakeOver(one.Json, 0);
        }

        json.WriteByte((byte)']');
        return OperationResult.Batch(json, [error], shortened: null);
    }

    private static void Append(JsonBuffer json, OperationResult one, List<RequestError> errors)
    {
        // Keeps room for refusing all other requests.
        if (json.Length + one.Json.Length <= Limits.ResponseBytesMax - Limits.BatchRequestsMax * Limits.RefusalBytesMax)
        {
            json.TakeOver(one.Json, 0);
            return;
        }

        var error = new ResponseTooLargeError();
        using OperationResult refused = one.Shortened?.Invoke(error) ?? OperationResult.Refused(error);
        errors.AddRange(refused.Errors);
        json.TakeOver(refused.Json, 0);
    }
}
