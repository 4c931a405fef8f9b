using System.Net;
using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CityHelper.Engine.Transport.Http;

namespace CityHelper.IntegrationTests.Fuzzing;

/// <summary>Checks the answer to any request: one of few statuses, complete JSON, errors with documented codes.</summary>
internal static partial class FuzzAnswer
{
    /// <summary>Statuses of docs/http.md; the last two are the HTTP server's own, for invalid URLs.</summary>
    private static readonly int[] s_statuses = [200, 400, 405, 406, 413, 415, 429, 504, 404, 414];

    /// <summary>Codes that report a fault of the server.</summary>
    private static readonly string[] s_faults = ["UNEXPECTED", "DATABASE_UNAVAILABLE", "HC0018"];

    private static readonly HashSet<string> s_codes =
        [.. Row().Matches(File.ReadAllText(Repository.PathOf("docs", "errors.md"))).Select(m => m.Groups[1].Value).Except(s_faults)];

    private static readonly UTF8Encoding s_strict = new(false, throwOnInvalidBytes: true);

    /// <summary>Reads an answer.</summary>
    /// <returns>What is wrong with it, or null; and its kind, for counting.</returns>
    public static async Task<(string? Wrong, string Kind)> JudgeAsync(FuzzRequest request, HttpResponseMessage response)
    {
        int status = (int)response.StatusCode;
        string? type = response.Content.Headers.ContentType?.MediaType;
        if (type == AcceptHeader.EventStream)
        {
            return request.Method == "HEAD" ? (null, $"{status} empty") : await JudgeStreamAsync(response);
        }

        byte[] bytes = await response.Content.ReadAsByteArrayAsync();
        if (!s_statuses.Contains(status))
        {
            return ($"status {status}: {Encoding.UTF8.GetString(bytes)}", "");
        }

        bool mayBeEmpty = request.Method == "HEAD" || status is 404 or 406 or 414 || (status == 400 && type is null);
        if (bytes.Length == 0)
        {
            return (mayBeEmpty ? null : $"status {status} without a body", $"{status} empty");
        }

        if (type is not ("application/json" or "application/graphql-response+json"))
        {
            return ($"content type {type}", "");
        }

        try
        {
            using var json = JsonDocument.Parse(s_strict.GetString(bytes));
            return json.RootElement.ValueKind switch
            {
                JsonValueKind.Object => Judge(json.RootElement, status),
                JsonValueKind.Array when IsBatch(request) && status == 200 => JudgeBatch(json.RootElement),
                _ => ($"no object: {json.RootElement}", ""),
            };
        }
        catch (Exception cause) when (cause is JsonException or DecoderFallbackException)
        {
            return ($"no JSON: {cause.Message}\n{Encoding.UTF8.GetString(bytes)}", "");
        }
    }

    // A single response is one event and the end; a subscription goes on for ever, so its first event is enough.
    private static async Task<(string? Wrong, string Kind)> JudgeStreamAsync(HttpResponseMessage response)
    {
        if (response.StatusCode != HttpStatusCode.OK)
        {
            return ($"a stream of status {response.StatusCode}", "");
        }

        using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(), s_strict);
        while (await reader.ReadLineAsync() is { } line)
        {
            if (line.StartsWith("data: ", StringComparison.Ordinal))
            {
                using var json = JsonDocument.Parse(line["data: ".Length..]);
                (string? wrong, string kind) = json.RootElement.ValueKind == JsonValueKind.Array
                    ? JudgeBatch(json.RootElement)
                    : Judge(json.RootElement, status: 200);
                return (wrong, $"{kind} as an event");
            }
        }

        return ("a stream without an event", "");
    }

    private static bool IsBatch(FuzzRequest request) => request.Body.AsSpan().TrimStart(" \t\r\n"u8) is [(byte)'[', ..];

    private static (string? Wrong, string Kind) JudgeBatch(JsonElement answers)
    {
        (string? Wrong, string Kind)[] each = [.. answers.EnumerateArray().Select(answer => Judge(answer, 200))];
        return (
            each.Select(e => e.Wrong).FirstOrDefault(wrong => wrong is not null),
            each.Any(e => e.Kind == "200 data") ? "200 batch with data" : "200 batch");
    }

    private static (string? Wrong, string Kind) Judge(JsonElement answer, int status)
    {
        if (!answer.TryGetProperty("errors", out JsonElement errors))
        {
            return (
                answer.TryGetProperty("data", out _) || answer.TryGetProperty("extensions", out _)
                    ? null
                    : $"neither data nor errors: {answer}",
                $"{status} data");
        }

        foreach (JsonElement error in errors.EnumerateArray())
        {
            string? code = error.GetProperty("extensions").GetProperty("code").GetString();
            bool isValidation =
                code is not null && !s_faults.Contains(code) && error.GetProperty("extensions").TryGetProperty("specifiedBy", out _);
            if (code is null || !(isValidation || s_codes.Contains(code)) || string.IsNullOrEmpty(error.GetProperty("message").GetString()))
            {
                return ($"an error that nobody explains: {error}", "");
            }
        }

        return (null, $"{status} {errors[0].GetProperty("extensions").GetProperty("code").GetString()}");
    }

    [GeneratedRegex(@"^\| `([A-Z0-9_]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
