using System.Reflection;
using Microsoft.Extensions.Logging;
using Xunit;

namespace CityHelper.Tests.Architecture;

/// <summary>Each assembly has one file of event ids, in order, so an id is easy to find and no two messages share one.</summary>
public sealed class EventIdTests
{
    public static TheoryData<Type> Files => new(typeof(CityHelper.Engine.Telemetry.EventIds), typeof(CityHelper.Server.Telemetry.EventIds));

    [Theory]
    [MemberData(nameof(Files))]
    public void Ids_are_unique_and_in_order(Type file)
    {
        int[] ids = [.. Constants(file).Select(id => id.Value)];
        Assert.Equal(ids.Distinct().Order(), ids);
    }

    [Theory]
    [MemberData(nameof(Files))]
    public void Each_message_has_the_id_of_its_name_and_each_id_a_message(Type file) => Assert.Equal(
        Constants(file),
        Messages(file.Assembly).OrderBy(message => message.Value));

    [Fact]
    public void Assemblies_do_not_share_ids() => Assert.Empty(Constants(typeof(CityHelper.Engine.Telemetry.EventIds)).Select(id => id.Value)
        .Intersect(Constants(typeof(CityHelper.Server.Telemetry.EventIds)).Select(id => id.Value)));

    [Fact]
    public void What_stores_data_logs_nothing() => Assert.Empty(Messages(typeof(CityHelper.Data.Limits).Assembly));

    // Reflection may not keep the order; the metadata token gives the order of declaration.
    private static IEnumerable<KeyValuePair<string, int>> Constants(Type file) => file
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .OrderBy(field => field.MetadataToken)
        .Select(field => KeyValuePair.Create(field.Name, (int)field.GetRawConstantValue()!));

    private static IEnumerable<KeyValuePair<string, int>> Messages(Assembly assembly) => assembly.GetTypes()
        .SelectMany(type => type.GetMethods(
            BindingFlags.Static | BindingFlags.Instance | BindingFlags.Public | BindingFlags.NonPublic | BindingFlags.DeclaredOnly))
        .Select(method => (method.Name, Message: method.GetCustomAttribute<LoggerMessageAttribute>()))
        .Where(method => method.Message is not null)
        .Select(method => KeyValuePair.Create(method.Name, method.Message!.EventId));
}
