using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CityHelper.Engine.Binding;
using CityHelper.Engine.Documents;
using CityHelper.Engine.Execution;
using CityHelper.Engine.Planning;
using CityHelper.Engine.Writing;

namespace CityHelper.Engine.Subscriptions;

/// <summary>
/// What the events of a subscription show: its operation, and the values of the variables in its selection. Subscriptions that differ only
/// in what they ask for share it, and with it the reading and the bytes of each event.
/// </summary>
/// <param name="Tenant">The tenant.</param>
/// <param name="Key">Equal for equal selections.</param>
internal sealed record Selection(short Tenant, string Key)
{
    /// <summary>The operation of the first who subscribed with it.</summary>
    public required PreparedOperation Prepared { get; init; }

    public SubscriptionPlan Plan => Prepared.Plan.Subscription!;

    // Computed once: it is asked for with every event of every stream.
    private readonly int _hash = HashCode.Combine(Tenant, Key);

    public bool Equals(Selection? other) =>
        ReferenceEquals(this, other) || (other is not null && Tenant == other.Tenant && Key == other.Key);

    public override int GetHashCode() => _hash;

    /// <summary>The selection of a subscription.</summary>
    /// <param name="bound">The subscription.</param>
    /// <param name="variables">The request's JSON object of variables.</param>
    /// <returns>Null when the values of its variables are too long.</returns>
    public static Selection? TryOf(BoundSubscription bound, JsonElement variables)
    {
        Operation operation = bound.Prepared.Operation;
        var text = new StringBuilder(operation.Id).Append('\n').Append(operation.Name).Append('\n');
        foreach (string name in bound.Plan.SelectionVariables)
        {
            text.Append(name).Append('=');
            if (variables.ValueKind == JsonValueKind.Object && variables.TryGetProperty(name, out JsonElement value))
            {
                // Without a canonical form, equal selections are two.
                text.Append(CanonicalJson.TryWrite(value, out string? json) ? json : value.GetRawText());
            }

            text.Append('\n');
        }

        if (text.Length > Limits.SelectionCharsMax)
        {
            return null;
        }

        // Nothing else of what was sent stays in memory with it.
        VariableValues kept = bound.Prepared.Variables.Only(bound.Plan.SelectionVariables);
        return new Selection(bound.Tenant, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text.ToString()))))
        {
            Prepared = bound.Prepared with { Variables = kept },
        };
    }

    /// <summary>The bytes of an event. A row that is too large is left out, and an error says so.</summary>
    public byte[] Render(ChangeValues values)
    {
        byte[] whole = RenderOnce(values);
        return whole.Length <= Limits.EventBytesMax || values.Rows.Count == 0
            ? whole
            : RenderOnce(values with { Rows = [], RowError = new ResponseTooLargeError() });
    }

    private byte[] RenderOnce(ChangeValues values)
    {
        using var rows = new RootRows(Plan.Field, Prepared.Variables)
        {
            Tenant = Tenant,
            Change = values,
            Rows = new RowSet(),
            Nested = [],
            NestedRoots = [],
        };
        using OperationResult result = ResponseAssembly.Assemble([rows], Prepared.Plan.Cache, MemoryLease.Uncounted);
        return result.Json.ToArray();
    }
}
