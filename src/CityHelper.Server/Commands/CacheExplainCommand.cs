using System.CommandLine;
using System.Globalization;
using System.Text.Json;
using CityHelper.Data.Changes;
using CityHelper.Engine.Tags;
using CityHelper.Engine.Transport;
using CityHelper.Server.Caching;
using CityHelper.Server.Configuration;
using Npgsql;

namespace CityHelper.Server.Commands;

/// <summary><c>cityhelper cache explain ID '{"city": "nyc"}'</c></summary>
public static class CacheExplainCommand
{
    public static Command Create(CommandHost host)
    {
        var id = new Argument<string>("id") { Description = "The id of an operation that servers load, or its name." };
        var variables = new Argument<string>("variables")
        {
            Description = "Its variables as a JSON object.",
            DefaultValueFactory = _ => "{}",
        };
        var command = new Command(
            "explain",
            "Tells what the answer to an operation depends on: its address, how long it may be kept, its tags, and the last change of each "
                + "in the log.")
        {
            id,
            variables,
        };
        command.SetAction((parsed, cancellation) =>
            host.RunAsync(() => RunAsync(host, parsed.GetValue(id)!, parsed.GetValue(variables)!, cancellation)));
        return command;
    }

    private static async Task<int> RunAsync(CommandHost host, string id, string text, CancellationToken cancellation)
    {
        JsonElement variables = Parse(text);
        await using NpgsqlDataSource database = await host.OpenDatabaseAsync(cancellation);
        await using CheckServices services = await CheckServices.StartAsync(host.ConnectionString, host.Time, cancellation);
        (CacheExplanation explained, string tenant) = await services.ExplainCacheAsync(
            ServerApplication.ManifestPathOf(host.Configuration), id, variables, cancellation)
            ?? throw new CommandException($"There is no operation `{id}` in the file that servers load.");
        if (explained.Refusal is null && SettingsReader.Read<CacheSettings>(host.Configuration).Off?.Contains(tenant) == true)
        {
            explained = CacheExplanation.Never(
                explained.Address, $"{tenant} is in Cache__Off, in this command's environment or appsettings.json");
        }

        await host.Output.WriteLineAsync($"address  {explained.Address}");
        await host.Output.WriteLineAsync($"policy   {explained.Policy}");
        if (explained.Refusal is { } refusal)
        {
            await host.Output.WriteLineAsync($"kept     never: {refusal}");
            return 0;
        }

        await host.Output.WriteLineAsync(explained.Until is { } until
            ? string.Create(CultureInfo.InvariantCulture, $"kept     until {until:u}, and until one of its tags changes")
            : "kept     until one of its tags changes");
        IReadOnlyList<ChangeEvent> recent = await new ChangeLog(database).ReadRecentAsync(
            explained.Tenant, Data.Limits.RecentChangesKept, Data.Limits.RecentChangesMax, cancellation);
        foreach (Tag tag in explained.Tags)
        {
            ChangeEvent? last = recent.LastOrDefault(change => ChangedTags.Of(change).Any(changed => changed.Slot == tag.Slot));
            await host.Output.WriteLineAsync($"tag      {TagNames.Of(tenant, tag),-28} {Text(last)}");
        }

        return 0;
    }

    private static string Text(ChangeEvent? change) => change is null
        ? "unchanged in the recent log"
        : string.Create(
            CultureInfo.InvariantCulture,
            $"changed by {change.Number}, {change.Kind.ToString().ToLowerInvariant()} ({ImportDisplay.Printable(change.Cause)}), "
                + $"{change.NumberedAt:u}");

    private static JsonElement Parse(string text)
    {
        try
        {
            return JsonDocument.Parse(text).RootElement is { ValueKind: JsonValueKind.Object } variables
                ? variables
                : throw new CommandException("The variables are a JSON object, such as {\"city\": \"nyc\"}.");
        }
        catch (JsonException cause)
        {
            throw new CommandException($"The variables are no JSON: {cause.Message}");
        }
    }
}
