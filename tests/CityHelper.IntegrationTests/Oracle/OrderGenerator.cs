using System.Text.Json.Nodes;

namespace CityHelper.IntegrationTests.Oracle;

/// <summary>Random orders of those that an index gives, spelled in the many ways that mean the same.</summary>
internal sealed class OrderGenerator(SchemaFile schema, Dice dice)
{
    private const string Requests = "ServiceRequestSortInput";

    private static readonly string[][] s_orders =
    [
        ["createdAt"], ["updatedAt"], ["updatedAt", "createdAt"], ["status"], ["status", "createdAt"], ["category"], ["category", "createdAt"],
    ];

    /// <summary>An order; an empty one now and then.</summary>
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
        int lastPlace = -1;
        foreach (string key in keys)
        {
            // Keys share an object only where its declared order is the wanted one.
            int place = Array.IndexOf(declared, key);
            if (open is null || place <= lastPlace || dice.Chance(60))
            {
                order.Add(open = []);
            }

            open[key] = Direction(input, key);
            lastPlace = place;
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

        // A key that is a whole input: one or both of its own keys, in the order of declaration.
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

        // A key that was named before, or any key behind the time of creation.
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
