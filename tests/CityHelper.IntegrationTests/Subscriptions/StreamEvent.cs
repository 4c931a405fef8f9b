using System.Text.Json;

namespace CityHelper.IntegrationTests.Subscriptions;

/// <summary>An event of a subscription, over either transport.</summary>
/// <param name="Kind">What it means.</param>
/// <param name="Cursor">Its place.</param>
/// <param name="Json">The value of the subscription's field.</param>
internal sealed record StreamEvent(string Kind, string Cursor, JsonElement Json)
{
    /// <summary>The id of its request.</summary>
    public string? Id => Json.TryGetProperty("id", out JsonElement id) ? id.GetString() : null;

    /// <summary>The event of a result.</summary>
    /// <param name="data">Its data: one field.</param>
    public static StreamEvent Of(JsonElement data)
    {
        JsonElement change = data.EnumerateObject().Single().Value;
        return new StreamEvent(change.GetProperty("kind").GetString()!, change.GetProperty("cursor").GetString()!, change);
    }
}
