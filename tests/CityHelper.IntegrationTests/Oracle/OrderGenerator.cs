using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random orders among those with an index, in the many equivalent spellings.</summary>
internal sealed class OrderGenerator(SchemaFile schema, Dice dice)
{
    private const string Requests = "ServiceRequestSortInput";

    private static readonly string[][] s_orders =
    [
        ["createdAt"],
        ["updatedAt"],
        ["updatedAt", "createdAt"],
        ["status"],
        ["status", "createdAt"],
        ["category"],
        ["category", "createdAt"],
    ];

    /// <summary>An order; sometimes an empty one.</summary>
    /// <param name="input">The sort input's name.</param>
    /// <param name="byCreationOnly">Whether requests can be ordered by their creation only.</param>
    public JsonArray Order(string input, bool byCreationOnly)
    {
        IReadOnlyList<string> keys = input != Requests ? dice.Pick<string[]>([[], .. Subsets(input)])
            : byCreationOnly ? s_orders[0]
            : dice.Pick([.. s_orders.Where(keys => keys.All(k => schema.Has(input, k)))]);
        return Spelled(input, keys);
    }

    private IEnumerable<string[]> Subsets(string input)
    {
        string[] all = [.. schema.Members(input).Select(m => m.Name)];
        return all.Select(one => new[] { one }).Append([.. dice.Shuffled(all)]);
    }

    private JsonArray Spelled(string input, IReadOnlyList<string> keys)
    {
        string[] declared = [.. schema.Members(input).Select(m => m.Name)];
        var order = new JsonArray();
        JsonObject? open = null;
        int lastIndex = -1;
        foreach (string key in keys)
        {
            // Keys share an object only if its declared order is the intended one.
            int place = Array.IndexOf(declared, key);
            if (open is null || place <= lastIndex || dice.Chance(60))
            {
                order.Add(open = []);
            }

            open[key] = Direction(input, key);
            lastIndex = place;
        }

        if (keys.Count > 0)
        {
            AddWhatSaysNothing(input, keys, order);
        }

        return order;
    }

    private JsonNode Direction(string input, string key)
    {
        string type = schema.Members(input).Single(m => m.Name == key).Type.Name;
        if (!schema.IsInput(type))
        {
            return JsonValue.Create(dice.Pick(["ASC", "DESC"]));
        }

        // A key that is an input object: one or both of its own keys, in the order of declaration.
        string[] inner = [.. schema.Members(type).Select(m => m.Name)];
        string only = dice.Pick(inner);
        return new JsonObject(inner
            .Where(name => name == only || dice.Chance(40))
            .Select(name => KeyValuePair.Create(name, (JsonNode?)Direction(type, name))));
    }

    private void AddWhatSaysNothing(string input, IReadOnlyList<string> keys, JsonArray order)
    {
        if (dice.Chance(6))
        {
            order.Insert(dice.Below(order.Count + 1), new JsonObject());
        }

        if (dice.Chance(6))
        {
            order.Insert(dice.Below(order.Count + 1), new JsonObject { [dice.Pick(schema.Members(input)).Name] = null });
        }

        // A repeated key, or any key after the creation time.
        if (dice.Chance(6))
        {
            string key = keys[^1] == "createdAt" ? dice.Pick(schema.Members(input)).Name : keys[0];
            if (key != "category")
            {
                order.Add(new JsonObject { [key] = Direction(input, key) });
            }
        }
    }
}
