using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json;

namespace CityHelper.Benchmarks;

/// <summary>A request that can be sent repeatedly: GET, or POST when it has a body.</summary>
internal sealed record Question(Uri Url, string? Body = null)
{
    /// <summary>A published operation by its id, as browsers request it.</summary>
    public static Question Persisted(Uri server, string id, string operation, object variables) =>
        new(new Uri(server, $"/graphql/persisted/{id}/{operation}?variables={Uri.EscapeDataString(JsonSerializer.Serialize(variables))}"));

    /// <summary>An operation as text.</summary>
    public static Question FreeText(Uri server, string query, object variables) =>
        new(new Uri(server, "/graphql"), JsonSerializer.Serialize(new { query, variables }));

    public HttpRequestMessage ToMessage()
    {
        var message = new HttpRequestMessage(Body is null ? HttpMethod.Get : HttpMethod.Post, Url);
        if (Body is not null)
        {
            message.Content = new StringContent(Body, Encoding.UTF8, "application/json");
        }

        return message;
    }
}

/// <summary>How many requests were sent, and how many bytes came back.</summary>
internal sealed record Sent(int Requests, long Bytes);

/// <summary>Closed-loop clients, each on its own connection: a client sends its next request when the last one is answered.</summary>
/// <param name="connections">How many clients.</param>
/// <param name="timeMax">The time after which a call stops sending, so that one slow request does not make a run endless.</param>
internal sealed class HttpLoad(int connections, TimeSpan timeMax) : IDisposable
{
    public HttpClient Client { get; } = new(new SocketsHttpHandler { MaxConnectionsPerServer = connections });

    /// <summary>Sends this many requests, in turn from the questions; fewer when the time is up.</summary>
    /// <exception cref="InvalidOperationException">An answer holds errors.</exception>
    public async Task<Sent> SendAsync(IReadOnlyList<Question> questions, int requests)
    {
        long start = Stopwatch.GetTimestamp();
        int next = -1;
        int sent = 0;
        long bytes = 0;
        await Task.WhenAll(Enumerable.Range(0, connections).Select(async _ =>
        {
            for (int i = Interlocked.Increment(ref next); i < requests; i = Interlocked.Increment(ref next))
            {
                if (Stopwatch.GetElapsedTime(start) > timeMax)
                {
                    return;
                }

                Interlocked.Add(ref bytes, await AskAsync(questions[i % questions.Count]));
                Interlocked.Increment(ref sent);
            }
        }));
        return new Sent(sent, bytes);
    }

    public void Dispose() => Client.Dispose();

    private async Task<int> AskAsync(Question question)
    {
        using HttpRequestMessage message = question.ToMessage();
        using HttpResponseMessage answer = await Client.SendAsync(message);
        byte[] body = await answer.Content.ReadAsByteArrayAsync();
        return answer.StatusCode == HttpStatusCode.OK && !body.AsSpan(0, Math.Min(12, body.Length)).StartsWith("{\"errors\""u8)
            ? body.Length
            : throw new InvalidOperationException($"{question} answered {answer.StatusCode}: only answers without errors count.");
    }
}
